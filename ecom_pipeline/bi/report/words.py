"""Formats of the report's figures: exact, with thousands separators and a typographic minus."""

from datetime import date, datetime
from decimal import Decimal

from ecom_pipeline.domain.currency import Currency

NONE = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


def money(amount: Decimal, currency: Currency) -> str:
    """Return an exact amount: the currency's decimals, and further ones that are not 0."""
    return currency.text(amount).replace("-", _MINUS)


def count(number: int) -> str:
    """Return a whole number as text."""
    return f"{number:,}".replace("-", _MINUS)


def percent(part: Decimal | int, whole: Decimal | int) -> str:
    """Return a share in percent, rounded to one decimal; a dash if `whole` is 0."""
    return f"{100 * part / whole:.1f}%".replace("-", _MINUS) if whole else NONE


def day(each: date) -> str:
    """Return a day in long form, such as 1 December 2010."""
    return f"{each.day} {each:%B %Y}"


def short_day(each: date) -> str:
    """Return a day with its weekday in short form, for a table."""
    return f"{each:%a} {each.day} {each:%b %Y}"


def clock(each: datetime) -> str:
    """Return the time of a moment."""
    return f"{each:%H:%M}"


def month(each: date) -> str:
    """Return a month in short form, for a table or an axis."""
    return f"{each:%b %Y}"


def moment(each: datetime) -> str:
    """Return a day in long form, and the time."""
    return f"{day(each)}, {each:%H:%M}"


def several(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun, in the plural unless it is 1."""
    return f"{count(number)} {singular if number == 1 else plural or f'{singular}s'}"
