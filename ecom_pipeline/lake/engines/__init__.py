"""Engines that build many days' CSV: one interface, and an implementation for each data volume.

Every engine runs lake/partition.py over the same parts, so rows, sums, digests and quarantine are
the same; they differ in where the work is done. No engine implements the rules of a row.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

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


class Engine(Protocol):
    """Builds days, and yields each as soon as it is committed.

    An engine raises a day's exception after yielding the days that it could build.
    """

    def build(self, days: Sequence[date]) -> Iterator[Built]: ...


def build_day(lake: Lake, day: date, read: Reader) -> Built:
    """Build one day in this process."""
    began = time.monotonic()
    return Built(partition.build(lake, day, read), time.monotonic() - began)
