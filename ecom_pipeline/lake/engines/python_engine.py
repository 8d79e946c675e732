"""The reference engine: days in sequence in this process, without a cache.

It is correct by definition; the other engines are compared with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from ecom_pipeline.lake import connect, rows
from ecom_pipeline.lake.engines import BuildDay, Built, build_day, build_each
from ecom_pipeline.settings import Settings


@dataclass(frozen=True)
class PythonEngine:
    """Builds days in order."""

    settings: Settings
    build_day: BuildDay = build_day

    def build(self, days: Sequence[date]) -> Iterator[Built]:
        lake = connect.lake(self.settings)
        yield from build_each(days, lambda day: self.build_day(lake, day, rows.reference))
