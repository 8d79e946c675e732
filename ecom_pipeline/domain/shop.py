"""The shop's clock: what day it is there."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = "Europe/London"


def today() -> date:
    """Return the day by the shop's clock."""
    return datetime.now(ZoneInfo(ZONE)).date()
