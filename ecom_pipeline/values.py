"""The values of settings and options, read from text; each reader raises ValueError.

The settings' fields are in settings.py; a field that is not text has its reader here.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ecom_pipeline.domain import shop, zones
from ecom_pipeline.domain.currency import POUND, Currency
from ecom_pipeline.domain.event import EARLIEST

FEWEST_MINUTES, MOST_MINUTES = 5, 720  # between two loads of the running day


def _web_address(text: str) -> str:
    parts = urlsplit(text.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError
    _ = parts.port  # raises ValueError if it is not a number
    return parts.geturl()


def share(text: str) -> Decimal:
    """Read a share, exact: 0 to 1.

    Raises:
        ValueError: the text is no such number.
    """
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not found.is_finite() or not 0 <= found <= 1:
        raise ValueError(text)
    return found


def currency(code: str) -> Currency:
    """Return a currency by its ISO 4217 code, with the symbol and the decimals of Unicode's CLDR.

    Raises:
        ValueError: there is no such currency.
    """
    if code == POUND.code:
        return POUND
    from babel import numbers  # noqa: PLC0415 - 0.1 CPU seconds, for other shops only

    if not numbers.is_currency(code):
        raise ValueError(code)
    return Currency(
        code=code,
        symbol=numbers.get_currency_symbol(code, "en"),
        decimals=numbers.get_currency_precision(code),
    )


def _minutes(text: str) -> int:
    found = int(text)
    if not FEWEST_MINUTES <= found <= MOST_MINUTES:
        raise ValueError(text)
    return found


def _first_day(text: str) -> date:
    found = date.fromisoformat(text)
    if found < EARLIEST:
        raise ValueError(text)
    return found


def _log_format(text: str) -> str:
    if text not in {"text", "json"}:
        raise ValueError(text)
    return text


READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "home": (Path, "a folder"),
    "redshift_port": (int, "a port number"),
    "page_port": (int, "a port number"),
    "dagster_url": (_web_address, "an address like http://127.0.0.1:3000"),
    "time_zone": (zones.zone, "a time zone like Europe/London"),
    "currency": (currency, "the ISO 4217 code of a currency, like GBP"),
    "first_day": (_first_day, f"a day like {shop.DEFAULT.first_day}, {EARLIEST} or later"),
    "in_flight_seconds": (int, "a number of seconds"),
    "load_bound": (share, "a share like 0.2"),
    "log_format": (_log_format, "text or json"),
    "intraday_minutes": (
        _minutes,
        f"a whole number of minutes, {FEWEST_MINUTES} to {MOST_MINUTES}",
    ),
}
"""The reader of a field, and what it expects."""
