"""Dates as files write them: the forms, and what a text of a form can mean.

Which meaning a file's dates have is decided by all of them together, in date_form.py.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

MONTH_FIRST, DAY_FIRST, YEAR_FIRST = "month-first", "day-first", "year-first"
SWAPPED = "with days and months swapped"  # where a day may be a month
SERIAL = "Excel's days"
HALF_DAY = 12  # hours
TELLS_MINUTE = 4  # decimals of Excel's days: fewer may be any of several minutes

_SPACES = re.compile(r"[\s\u00a0\u202f]+")
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? ", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?:[ T,:]+)(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d(?:[.,]\d{1,9})?))?"
    r" ?(?P<half>[ap]\.?m\.?)? ?(?P<zone>Z|UTC|GMT|[-+]\d\d:?\d\d)?",
    re.IGNORECASE | re.ASCII,
)
_NUMBERS = re.compile(r"(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})", re.ASCII)
# two digits before a colon are an hour, but SAS writes 01DEC10:08:26
_DAY_MONTH = re.compile(
    r"(\d{1,2})[-/. ]?([a-z]{3,9})\.?[-/., ]*(\d{4}|\d\d(?![:.]\d)|(?<=[a-z])\d\d)", re.I | re.A
)
_MONTH_DAY = re.compile(r"([a-z]{3,9})\.?[- ](\d{1,2})(?:, ?| )(\d{4})", re.I | re.A)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d))?)?", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:[.,](\d{1,20}))?", re.ASCII)
_EPOCH = re.compile(r"(\d{10}|\d{13}|\d{16}|\d{19})(?:\.0+)?", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_TWO = 2  # digits of a day, a month, or a short year
# orders of three numbers, by whether the first and the last are a whole year
_ORDERS: dict[tuple[bool, bool], tuple[str, ...]] = {
    (True, False): (),
    (False, True): (MONTH_FIRST, DAY_FIRST),
    (False, False): (MONTH_FIRST, DAY_FIRST, YEAR_FIRST),
}
_EXCEL = datetime(1899, 12, 30)  # noqa: DTZ001 - the shop's clock
_MINUTES = 1_440  # a day
_TELLS_SECOND = 5  # decimals of Excel's days
_CENTURY = 2000
_MINUTE = 60  # seconds
_RESIDUE = Decimal("0.5")  # seconds: so near to a minute, a fraction is what is left of a float


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a text says: its form, the day's numbers as they stand, and the clock, if written.

    `orders` are the orders that the form leaves open for the day's numbers; none where it is clear,
    and `day` is then (year, month, day). `seconds` tells that seconds were left out; with
    `rounded_up` the time is the next minute, of which at most half a second was missing. `zone` is
    the offset from UTC, if one is written. `decimals` are those of Excel's number of days.
    """

    form: str
    day: tuple[int, int, int]
    orders: tuple[str, ...] = ()
    clock: tuple[int, int] | None = None
    seconds: bool = False
    rounded_up: bool = False
    zone: timedelta | None = None
    decimals: int | None = None

    def moment(self, order: str, shop: ZoneInfo | None = None) -> datetime | None:
        """Return the minute in an order of the day's numbers; None if there is none.

        A time with a zone is kept as it is written, or with `shop` converted to the shop's zone.
        """
        year, month, day = self.day
        if self.orders and order == DAY_FIRST:
            day, month, year = self.day
        elif self.orders and order == MONTH_FIRST:
            month, day, year = self.day
        elif not self.orders and order == SWAPPED and day <= len(_MONTHS):
            month, day = day, month
        if YEAR_FIRST in self.orders:
            year += _CENTURY
        try:
            moment = datetime(year, month, day, *(self.clock or (0, 0)))  # noqa: DTZ001 - the shop's
            moment += timedelta(minutes=self.rounded_up)
            if shop is not None and self.zone is not None:
                instant = (moment - self.zone).replace(tzinfo=UTC)
                return instant.astimezone(shop).replace(tzinfo=None)
        except (ValueError, OverflowError):
            return None
        return moment


def read(text: str) -> Written | None:
    """Return what a date's text says; None if it is in no form that is known."""
    text = _SPACES.sub(" ", text).strip()
    text = _WEEKDAY.sub("", text, count=1)
    for day_of in (_by_numbers, _by_name):
        found = day_of(text)
        if found is not None:
            day, end = found
            return _with_clock(day, text[end:])
    return _compact(text) or _epoch(text) or _serial(text)


def _by_numbers(text: str) -> tuple[Written, int] | None:
    found = _NUMBERS.match(text)
    if not found:
        return None
    first, separator, second, third = found.groups()
    orders = _ORDERS.get((len(first) > _TWO, len(third) > _TWO))
    if orders is None or max(len(first), len(third)) == _TWO + 1:
        return None
    letters = ("Y", "M", "D") if not orders else ("n", "n", "n" if YEAR_FIRST in orders else "Y")
    day = int(first), int(second), int(third)
    return Written(form=separator.join(letters), day=day, orders=orders), found.end()


def _by_name(text: str) -> tuple[Written, int] | None:
    if found := _DAY_MONTH.match(text):
        day, name, year = found.groups()
    elif found := _MONTH_DAY.match(text):
        name, day, year = found.groups()
    else:
        return None
    month = _month(name)
    if month is None:
        return None
    whole = int(year) + (_CENTURY if len(year) == _TWO else 0)
    return Written(form="with the month's name", day=(whole, month, int(day))), found.end()


def _month(name: str) -> int | None:
    lower = name.lower()
    if lower[:3] not in _MONTHS:
        return None
    month = _MONTHS.index(lower[:3])
    return month + 1 if lower in (lower[:3], "sept", _NAMES[month]) else None


def _with_clock(day: Written, rest: str) -> Written | None:
    if not rest:
        return day
    found = _CLOCK.fullmatch(rest)
    if not found:
        return None
    hour, form = int(found["hour"]), day.form
    if found["half"]:
        if not 1 <= hour <= HALF_DAY:
            return None
        afternoon = found["half"].lower().startswith("p")
        hour = hour % HALF_DAY + (HALF_DAY if afternoon else 0)
        form += ", AM/PM"
    zone = _zone(found["zone"])
    second = Decimal((found["second"] or "0").replace(",", "."))
    return replace(
        day,
        form=form if zone is None else f"{form}, with a zone",
        clock=(hour, int(found["minute"])),
        seconds=_RESIDUE < second < _MINUTE - _RESIDUE,
        rounded_up=_MINUTE - _RESIDUE <= second < _MINUTE,
        zone=zone,
    )


def _zone(text: str | None) -> timedelta | None:
    if not text:
        return None
    if text[0] not in "+-":
        return timedelta(0)
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -offset if text[0] == "-" else offset


def _compact(text: str) -> Written | None:
    found = _COMPACT.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = found.groups()
    clock = None if hour is None else (int(hour), int(minute))
    return Written(
        form="YYYYMMDD",
        day=(int(year), int(month), int(day)),
        clock=clock,
        seconds=bool(int(second or 0)),
    )


def _epoch(text: str) -> Written | None:
    found = _EPOCH.fullmatch(text)
    if not found:
        return None
    ticks = 10 ** (len(found[1]) - 10)
    seconds, rest = divmod(int(found[1]), ticks)
    if seconds % _MINUTE == _MINUTE - 1 and rest >= ticks * _RESIDUE:
        seconds, rest = seconds + 1, 0
    moment = datetime.fromtimestamp(seconds, UTC)
    return _of(moment, f"epoch of {len(found[1])} digits", seconds=bool(rest or moment.second))


def _serial(text: str) -> Written | None:
    found = _SERIAL.fullmatch(text)
    if not found:
        return None
    decimals = len(found[2] or "")
    minutes = Decimal(f"0.{found[2] or 0}") * _MINUTES
    minute, second = round(minutes), 0
    if decimals >= _TELLS_SECOND:
        minute, second = divmod(round(minutes * 60), 60)
    moment = _EXCEL + timedelta(days=int(found[1]), minutes=minute)
    said = _of(moment, SERIAL, seconds=second > 0)
    return replace(said, zone=None, decimals=decimals)


def _of(moment: datetime, form: str, *, seconds: bool) -> Written:
    return Written(
        form=form,
        day=(moment.year, moment.month, moment.day),
        clock=(moment.hour, moment.minute),
        seconds=seconds,
        zone=timedelta(0),
    )
