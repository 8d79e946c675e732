"""A range of the shop's days."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from ecom_pipeline.domain.errors import EcomError


class DaysError(EcomError):
    """Days that can't be worked on, and which can."""


class DayRange(NamedTuple):
    """Consecutive days; `first` and `last` are both included."""

    first: date
    last: date

    def days(self) -> list[date]:
        """Return each day of the range, in order."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def ranges_of(days: Iterable[date], gap: timedelta = timedelta(days=1)) -> list[DayRange]:
    """Return the ranges that the days make up, in order; days up to `gap` apart are joined."""
    ranges: list[DayRange] = []
    for day in sorted(days):
        if ranges and day - ranges[-1].last <= gap:
            ranges[-1] = DayRange(ranges[-1].first, day)
        else:
            ranges.append(DayRange(day, day))
    return ranges
