"""The shop's time zone, and the current day in it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = "Europe/London"


def today() -> date:
    """Return the current day in the shop's time zone."""
    return datetime.now(ZoneInfo(ZONE)).date()
