"""Reads of many days: one listing for each range of days, manifests side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TypeVar

from ecom_pipeline.domain.days import ranges_of
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.buckets import Lake, ObjectInfo
from ecom_pipeline.lake.manifest import Manifest

_AT_ONCE = 8  # fewer than the connections that boto3 holds

_T = TypeVar("_T")


def raw_objects(lake: Lake, days: Sequence[date]) -> dict[date, list[ObjectInfo]]:
    """Return each day's raw objects in key order, by a request for a thousand of them."""
    found: dict[date, list[ObjectInfo]] = {day: [] for day in days}
    for each in ranges_of(days):
        for day, info in lake.raw.inventory(each):
            found[day].append(info)
    return found


def committed(lake: Lake, days: Sequence[date]) -> dict[date, Manifest]:
    """Return each day's manifest, for a load.

    Raises:
        ManifestError: a day has no CSV, or one with other columns.
    """
    return _by_day(lambda day: partition.committed(lake, day), days)


def manifests(lake: Lake, days: Sequence[date]) -> dict[date, Manifest | None]:
    """Return each day's manifest; None for a day that was never built.

    Raises:
        ManifestError: a manifest is unreadable.
    """
    return _by_day(lambda day: partition.read_manifest(lake, day), days)


def _by_day(read: Callable[[date], _T], days: Sequence[date]) -> dict[date, _T]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(days, pool.map(read, days), strict=True))
