"""The returns rule: which sale lines a customer's cancelled lines are matched to.

The one rule of the customer's page and of marts.returns. An event does not name the sale that it
cancels, so a match is the most likely one. Cancelled lines are matched in order of time, each
against what is left of every sale line. A candidate is a sale line of the same customer and stock
code, not later than the cancelled line. Candidates are chosen

1. at the same unit price before another price;
2. with just as many pieces left, then with more, then with fewer (several lines are allocated);
3. latest first.

Pieces for which no sale is left are unmatched. A guest's lines are not matched: two guests can't be
told apart. Reading the lines and presenting a match belong to realtime/returns.py and
warehouse/returns.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import msgspec

from ecom_pipeline.domain.event import amount_of

VERSION = 1  # of the rule: the marts are computed again when it is another


class Fit(StrEnum):
    """How well a cancelled line and its sale lines fit."""

    WHOLE_LINE = "whole_line"  # all pieces of one sale line
    PART_OF_LINE = "part_of_line"  # some pieces of one sale line
    SEVERAL_LINES = "several_lines"  # more than one sale line
    OTHER_PRICE = "other_price"  # some pieces were sold at another price
    TOO_MANY = "too_many"  # some pieces are unmatched
    NO_SALE = "no_sale"  # all pieces are unmatched
    GUEST = "guest"  # no customer: not matched


class Line(msgspec.Struct, frozen=True, order=True):
    """A sale line or a cancelled line of one customer and stock code.

    Lines sort by time, invoice and event id. `pieces` is positive for both kinds.
    """

    time: datetime
    invoice_no: str
    event_id: str
    unit_price: Decimal
    pieces: int


class Allocation(NamedTuple):
    """Pieces of one sale line that are allocated to a cancelled line."""

    sale: Line
    pieces: int


class Match(msgspec.Struct, frozen=True):
    """A cancelled line and its allocations, in the order of choice."""

    cancelled: Line
    allocations: tuple[Allocation, ...]

    @property
    def unmatched(self) -> int:
        """Return the number of pieces without a sale."""
        return self.cancelled.pieces - sum(pieces for _, pieces in self.allocations)

    @property
    def fit(self) -> Fit:
        if self.unmatched:
            return Fit.TOO_MANY if self.allocations else Fit.NO_SALE
        if any(sale.unit_price != self.cancelled.unit_price for sale, _ in self.allocations):
            return Fit.OTHER_PRICE
        (sale, pieces), *more = self.allocations
        if more:
            return Fit.SEVERAL_LINES
        return Fit.WHOLE_LINE if pieces == sale.pieces else Fit.PART_OF_LINE

    def amount(self, pieces: int) -> Decimal:
        """Return the amount of some of its pieces, at the price of the cancelled line."""
        return amount_of(-pieces, self.cancelled.unit_price)


def match(sales: Iterable[Line], cancelled: Iterable[Line]) -> list[Match]:
    """Match one customer's cancelled lines of one stock code, in order of time.

    Both must be complete up to the last cancelled line: each match depends on all lines before it,
    and on none after it.
    """
    sold = sorted(sales)
    left = [sale.pieces for sale in sold]
    return [Match(line, tuple(_allocate(line, sold, left))) for line in sorted(cancelled)]


def _allocate(line: Line, sold: Sequence[Line], left: list[int]) -> Iterator[Allocation]:
    """Yield a line's allocations, and subtract them from what is left."""
    wanted = line.pieces
    for number in _candidates(line, sold, left):
        pieces = min(wanted, left[number])
        if pieces <= 0:
            return
        wanted -= pieces
        left[number] -= pieces
        yield Allocation(sold[number], pieces)


def _candidates(line: Line, sold: Sequence[Line], left: Sequence[int]) -> list[int]:
    """Return the indexes of the sale lines that a line can be matched to, in order of choice."""

    def rank(number: int) -> tuple[bool, bool, bool, int]:
        return (
            sold[number].unit_price != line.unit_price,
            left[number] < line.pieces,
            left[number] > line.pieces,
            -number,
        )

    there = [n for n, sale in enumerate(sold) if sale.time <= line.time and left[n] > 0]
    return sorted(there, key=rank)
