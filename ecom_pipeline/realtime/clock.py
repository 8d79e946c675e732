"""The shop's clock: the current time in its zone, so that a record's day of receipt is its day."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from ecom_pipeline.domain import zones
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.realtime.clients import env


class TimeZoneError(EcomError):
    """The parameter TimeZone of infra/template.yaml is no time zone."""


def now() -> datetime:
    """Return the current time, with the shop's offset from UTC."""
    return datetime.now(_zone(env("TIME_ZONE")))


def local(moment: datetime) -> datetime:
    """Return a moment with the shop's offset from UTC."""
    return moment.astimezone(_zone(env("TIME_ZONE")))


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return zones.zone(name)
    except ValueError as error:
        raise TimeZoneError(
            f"TIME_ZONE: expected a time zone like {zones.LONDON}, got {name!r}:"
            " deploy the parameter TimeZone with another value"
        ) from error
