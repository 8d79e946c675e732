"""What builds many days' CSV: one contract, and an engine for each size of shop.

Every engine runs lake/partition.py over the same parts, so rows, sums, digests and quarantine are
the same; they differ in where the work is done. None of them is asked what a row is.
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
    """A day that is committed, how long that took, and what a meter of the calls has counted."""

    manifest: Manifest
    seconds: float
    usage: Any = None


BuildDay = Callable[[Lake, date, Reader], Built]


class Engine(Protocol):
    """Builds days, and yields each as soon as it is committed.

    What a day raises, the engine raises after the days that could be built.
    """

    def build(self, days: Sequence[date]) -> Iterator[Built]: ...


def build_day(lake: Lake, day: date, read: Reader) -> Built:
    """Build one day here."""
    began = time.monotonic()
    return Built(partition.build(lake, day, read), time.monotonic() - began)
