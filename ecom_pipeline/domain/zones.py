"""Time zones by name; apart from shop.py, since functions that need only this load only this."""

from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def zone(name: str) -> ZoneInfo:
    """Return a time zone by its name in the IANA database.

    Raises:
        ValueError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:  # a folder of the database is an OSError
        raise ValueError(name) from error
