"""Whether invoice numbers run with time: evidence for a reading of dates."""

from dataclasses import dataclass
from datetime import date
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
_FEW_STEPS, _WEEK, _MONTH = 2, 7, 28


@dataclass(slots=True)
class Run:
    """How invoice numbers and days run from row to row, in one reading of the dates.

    `steps` are those to another day, `back` those against the numbers; `shortest` and `longest` are
    in days. `within` and `across` are by how much the numbers change inside days, and between them.
    """

    steps: int = 0
    back: int = 0
    shortest: int = 0
    longest: int = 0
    within: int = 0
    across: int = 0
    monthly_bills: bool = True  # all days are the first of a month

    def add(self, numbers: NDArray[np.int64], days: NDArray[np.int64]) -> None:
        """Add the steps between some consecutive rows."""
        by, to = np.diff(numbers), np.diff(days)
        stepped, gaps = to != 0, np.abs(to[to != 0])
        if gaps.size:
            shortest = int(gaps.min())
            self.shortest = min(self.shortest, shortest) if self.steps else shortest
            self.longest = max(self.longest, int(gaps.max()))
        self.steps += int(stepped.sum())
        self.back += int((stepped & (by != 0) & (np.sign(by) != np.sign(to))).sum())
        self.across += int(np.abs(by[stepped]).sum())
        self.within += int(np.abs(by[~stepped]).sum())
        firsts = [date.fromordinal(int(day)).day == 1 for day in np.unique(days)]
        self.monthly_bills &= all(firsts)

    def reason_against(self, other: "Run") -> str:
        """Return why this is the right reading and the other is not; '' if neither is clear.

        Either time runs back again and again in the other, or there the shop sells on one day a
        month while its numbers go on without a gap. A bill on the first of each month is possible.
        """
        if self.steps >= _MANY_STEPS and other.back >= max(_MANY_BACK, self.back * _TIMES):
            return (
                f"invoice numbers run with time in {self.steps - self.back} of {self.steps} steps"
                f" to another day, else in {other.steps - other.back} of {other.steps}"
            )
        goes_on = self.steps >= _FEW_STEPS and self.longest <= _WEEK and self.across <= self.within
        if goes_on and not self.back and other.shortest >= _MONTH and not other.monthly_bills:
            return (
                f"invoice numbers go on from day to day, else with {other.shortest} days or more"
                " between"
            )
        return ""


def run(table: Table, days: NDArray[np.int64]) -> Run:
    """Return how a file's rows run; `days` has each date's, by code, negative if it is none."""
    numbers = np.array([_number(text) for text in table.texts[_INVOICE]], np.int64)
    found = Run()
    for part in table:
        number, day = numbers[part.codes[_INVOICE]], days[part.codes[_DATE]]
        known = (number >= 0) & (day >= 0)
        if known.any():
            found.add(number[known], day[known])
    return found


def _number(text: str) -> int:
    found = INVOICE_NO_PATTERN.fullmatch(text.strip())
    return int(found[0].lstrip(ascii_uppercase)) if found else _UNKNOWN
