"""Engines that build many days' CSV: one interface, and an implementation for each data volume.

Every engine runs lake/partition.py over the same parts, so rows, sums, digests and quarantine are
the same; they differ in where the work is done. No engine implements the rules of a row.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.manifest import Manifest
from ecom_pipeline.lake.rows import Reader


class Built(NamedTuple):
    """A committed day: its manifest, the build's seconds, and the metered AWS calls, if any."""

    manifest: Manifest
    seconds: float
    usage: Any = None


BuildDay = Callable[[Lake, date, Reader], Built]


class UnbuiltDaysError(EcomError):
    """Days whose raw objects or manifests can't be read, each with its reason."""

    def __init__(self, reasons: Mapping[date, str]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(f"{day}: {why}" for day, why in sorted(reasons.items())))


class Engine(Protocol):
    """Builds days, and yields each as soon as it is committed.

    A day that can't be built stops no other.

    Raises:
        UnbuiltDaysError: after the days that could be built.
    """

    def build(self, days: Sequence[date]) -> Iterator[Built]: ...


def build_each(days: Sequence[date], build: Callable[[date], Built]) -> Iterator[Built]:
    """Build days one after the other; those that can't be built are raised in the end."""
    reasons: dict[date, str] = {}
    for day in days:
        try:
            yield build(day)
        except EcomError as error:
            reasons[day] = str(error)
    if reasons:
        raise UnbuiltDaysError(reasons)


def build_day(lake: Lake, day: date, read: Reader) -> Built:
    """Build one day in this process."""
    began = time.monotonic()
    return Built(partition.build(lake, day, read), time.monotonic() - began)
