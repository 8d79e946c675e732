# pyright: basic
# pyspark is only partly typed; the result of a shuffle is not.
"""The engine for more than one machine: days, or the parts of large days, as Spark tasks.

Spark schedules and shuffles; lake/parts.py processes the lines, as on one machine. The same rules
in Spark SQL took three times the CPU (2026-11-22), and would be a second implementation.
"""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.lake import connect, manifest, partition, parts, spread
from ecom_pipeline.lake.buckets import Lake, ObjectInfo
from ecom_pipeline.lake.engines import Built, UnbuiltDaysError, build_day
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.lake.parts import DayParts, PartResult
from ecom_pipeline.lake.rows import CachingReader
from ecom_pipeline.settings import Settings

_UNUSABLE = re.compile(r"(?:DamagedObject|Manifest)Error: (.+)")  # in a worker's traceback

LinePosition = tuple[
    int, int, int
]  # part number, object number in the day, line number in the object


@dataclass(frozen=True)
class SparkEngine:
    """Builds days of one part as a task each, and larger ones with a task for each part."""

    settings: Settings
    part_bytes: int = parts.PART_BYTES

    def build(self, days: Sequence[date]) -> Iterator[Built]:
        spark = SparkSession.builder.appName("ecom csv_invoice_lines").getOrCreate()
        try:
            yield from self._build(spark.sparkContext, days)
        finally:
            spark.stop()

    def _build(self, spark: Any, days: Sequence[date]) -> Iterator[Built]:
        lake = connect.lake(self.settings)
        plans = {day: parts.plan(lake, day, self.part_bytes) for day in days}
        reasons: dict[date, str] = {}
        small = [day for day, planned in plans.items() if planned.parts == 1]
        if small:
            tasks = spark.parallelize(small, len(small)).map(partial(_build_day, self.settings))
            for day, encoded, seconds, reason in tasks.collect():
                if reason:
                    reasons[day] = reason
                else:
                    yield Built(manifest.decode("a worker's answer", encoded), seconds)
        for day, planned in plans.items():
            if planned.parts > 1:
                try:
                    yield self._build_large(spark, lake, day)
                except Py4JJavaError as error:
                    reasons[day] = _expected(error)
        if reasons:
            raise UnbuiltDaysError(reasons)

    def _build_large(self, spark: Any, lake: Lake, day: date) -> Built:
        began = time.monotonic()
        for _ in range(partition.ATTEMPTS):
            planned = parts.plan(lake, day, self.part_bytes)
            numbered = list(enumerate(planned.events))
            read = spark.parallelize(numbered, len(numbered)).flatMap(
                partial(_placed, self.settings, planned.parts)
            )
            lines = read.repartitionAndSortWithinPartitions(planned.parts, lambda place: place[0])
            made = lines.mapPartitionsWithIndex(partial(_part, self.settings, planned)).collect()
            committed = partition.commit(lake, planned, made)
            if committed is not None:
                return Built(committed, time.monotonic() - began)
        raise ManifestError(f"{day}: concurrent builds committed first; try again")


@cache
def _tools(settings: Settings) -> tuple[Lake, CachingReader]:
    return connect.lake(settings), CachingReader()


def _build_day(settings: Settings, day: date) -> tuple[date, bytes, float, str]:
    try:
        built = build_day(_tools(settings)[0], day, _tools(settings)[1])
    except EcomError as error:
        return day, b"", 0.0, str(error)
    return day, manifest.encode(built.manifest), built.seconds, ""


def _expected(error: Py4JJavaError) -> str:
    """Return why a worker found a day's data unusable; raise what is no such error."""
    found = _UNUSABLE.search(str(error))
    if found is None:
        raise error
    return found[1]


def _placed(
    settings: Settings, count: int, numbered: tuple[int, ObjectInfo]
) -> Iterator[tuple[LinePosition, bytes]]:
    """Yield an object's lines, each keyed by its part and its position."""
    order, source = numbered
    for number, data in enumerate(_tools(settings)[0].raw.lines(source.key), 1):
        yield (spread.part_of(data, count), order, number), data


def _part(
    settings: Settings, planned: DayParts, number: int, lines: Iterable[tuple[LinePosition, bytes]]
) -> Iterator[PartResult]:
    lake, read = _tools(settings)
    events = planned.events
    in_order = ((data, events[order].key, n) for (_, order, n), data in lines)
    yield parts.build(lake, planned, number, in_order, read)
