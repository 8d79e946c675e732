"""How the report writes figures: exact, with thousands apart and a minus that lines up."""

from datetime import date, datetime
from decimal import Decimal

NONE = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"
_LEAST_DECIMALS = 2


def pounds(amount: Decimal) -> str:
    """Return money in full: two decimals, and the third and fourth where they say something."""
    whole, _, decimals = f"{abs(amount):,f}".partition(".")
    text = f"£{whole}.{decimals.rstrip('0').ljust(_LEAST_DECIMALS, '0')}"
    return f"{_MINUS}{text}" if amount < 0 else text


def count(number: int) -> str:
    """Return a whole number."""
    return f"{number:,}".replace("-", _MINUS)


def percent(part: Decimal | int, whole: Decimal | int) -> str:
    """Return a share in percent, rounded to one decimal; of nothing there is no share."""
    return f"{100 * part / whole:.1f}%".replace("-", _MINUS) if whole else NONE


def day(each: date) -> str:
    """Return a day as people write it."""
    return f"{each.day} {each:%B %Y}"


def short_day(each: date) -> str:
    """Return a day for a table, its weekday with it."""
    return f"{each:%a} {each.day} {each:%b %Y}"


def month(each: date) -> str:
    """Return a month for a table or an axis."""
    return f"{each:%b %Y}"


def moment(each: datetime) -> str:
    """Return a day and the time of it."""
    return f"{day(each)}, {each:%H:%M}"


def several(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{count(number)} {singular if number == 1 else plural or f'{singular}s'}"
