"""Whether invoice numbers run with time: evidence for a reading of dates, or against it."""

from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.event import INVOICE_NO_PATTERN
from ecom_pipeline.replay.table import Table

_INVOICE = DATA_SET_KEYS.index("InvoiceNo")
_DATE = DATA_SET_KEYS.index("InvoiceDate")
_UNKNOWN = -1
_MANY_STEPS, _MANY_BACK, _TIMES = 10, 2, 20
_ODD_SHARE = 0.1  # of the steps, back in time
_FEW_STEPS, _SATURDAY = 3, 5
_MONTH = 28  # days, at least
_MONTHS = 12
_STREAK, _STREAK_SHARE = 2, 0.01

Days = NDArray[np.int64]  # of each date, by code, as an ordinal; negative where there is none


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """How invoice numbers and days run from row to row, in one reading of the dates.

    `steps` are those to another day, `back` those against the numbers. `within` and `across` are by
    how much the numbers change inside days, and between them. `days` are in order.
    """

    steps: int
    back: int
    within: int
    across: int
    days: NDArray[np.int64]

    def is_better_than(self, other: "Run") -> bool:
        """Return whether time runs back again and again in the other reading, and not in this."""
        return self.steps >= _MANY_STEPS and other.back >= max(_MANY_BACK, self.back * _TIMES)

    @property
    def is_odd(self) -> bool:
        """Return whether time runs back in so many steps that the reading is in doubt."""
        return self.back >= max(_MANY_BACK, self.steps * _ODD_SHARE)

    @property
    def rests_at_weekends(self) -> bool:
        """Return whether numbers go on from day to day, and some Saturdays or Sundays are left out.

        Bills on a day of each month are possible elsewhere, but leave no months out like that.
        """
        if self.steps < _FEW_STEPS or self.back or self.across > self.within:
            return False
        missed = np.setdiff1d(np.arange(self.days[0], self.days[-1]), self.days)
        return bool(missed.size and ((missed - 1) % 7 >= _SATURDAY).all())

    def reason_against(self, other: "Run") -> str:
        """Return why this is the right reading and the other is not; '' if neither is clear."""
        if self.is_better_than(other):
            return f"invoice numbers run with time in {self} steps to another day, else in {other}"
        if self.rests_at_weekends and np.diff(other.days).min(initial=_MONTH) >= _MONTH:
            return "invoice numbers go on from day to day but for weekends, else by months"
        return ""

    def __str__(self) -> str:
        """Return in how many steps numbers run with time."""
        return f"{self.steps - self.back} of {self.steps}"


def run(table: Table, days: Days) -> Run:
    """Return how a file's rows run."""
    numbers = np.array([_number(text) for text in table.texts[_INVOICE]], np.int64)
    steps = back = within = across = 0
    for part in table:
        number, day = numbers[part.codes[_INVOICE]], days[part.codes[_DATE]]
        known = (number >= 0) & (day >= 0)
        by, to = np.diff(number[known]), np.diff(day[known])
        stepped = to != 0
        steps += int(stepped.sum())
        back += int((stepped & (by != 0) & (np.sign(by) != np.sign(to))).sum())
        across += int(np.abs(by[stepped]).sum())
        within += int(np.abs(by[~stepped]).sum())
    return Run(steps, back, within, across, np.unique(days[days >= 0]))


def monthly(table: Table, days: Days, others: Days) -> int | None:
    """Return the date, by code, from which rows sell on the same day of each month in one reading.

    That is where the `others` go on from day to day in one month. It may be so once or twice by
    chance, so None where such steps are few, or not in a row. A date that has one reading only
    ends a row of them: a bill on each 5th and 20th is no doubt.
    """
    steps = in_streaks = 0
    first: int | None = None
    for part in table:
        codes = part.codes[_DATE]
        codes = codes[days[codes] >= 0]
        codes = codes[np.flatnonzero(np.diff(days[codes], prepend=_UNKNOWN))]
        day, other = days[codes], others[codes]
        two_readings = (other >= 0) & (other != day)
        by_months = (np.abs(np.diff(day)) >= _MONTH) & (np.abs(np.diff(other)) < _MONTHS)
        by_months &= two_readings[1:] & two_readings[:-1]
        edges = np.flatnonzero(np.diff(by_months.astype(np.int8), prepend=0, append=0))
        starts, lengths = edges[::2], edges[1::2] - edges[::2]
        long = lengths >= _STREAK
        steps += len(by_months)
        in_streaks += int(lengths[long].sum())
        if first is None and long.any():
            first = int(codes[starts[long][0]])
    return first if in_streaks >= steps * _STREAK_SHARE else None


def _number(text: str) -> int:
    found = INVOICE_NO_PATTERN.fullmatch(text.strip())
    return int(found[0].lstrip(ascii_uppercase)) if found else _UNKNOWN
