"""A shop's own facts: its time zone, its currency and its first day; they are settings."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ecom_pipeline.domain.currency import POUND, Currency
from ecom_pipeline.domain.zones import LONDON


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The facts of one shop; `first_day` is the first day that is loaded."""

    time_zone: ZoneInfo
    currency: Currency
    first_day: date

    def today(self) -> date:
        """Return the current day in the shop's time zone."""
        return datetime.now(self.time_zone).date()


DEFAULT = Shop(time_zone=LONDON, currency=POUND, first_day=date(2010, 12, 1))  # of the data set
