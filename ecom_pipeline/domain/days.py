"""A range of the shop's days."""

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
