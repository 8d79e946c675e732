"""How DynamoDB is read for a comparison: a query for each invoice of the days, or one scan.

The one that needs fewer read units. A read unit is 4 KB, eventually consistent half of one.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, NamedTuple

Way = Literal["queries", "scan"]

_LINE_BYTES, _HEADER_BYTES = 300, 120  # of the data set's items, on average
_BLOCK = 4096
_EVENTUAL = Decimal("0.5")


class Reading(NamedTuple):
    """A way to read the table, and the read units that it is estimated to need."""

    way: Way
    invoices: int
    read_units: Decimal

    def __str__(self) -> str:
        what = f"{self.invoices:,} queries" if self.way == "queries" else "a scan of the table"
        return f"{what}, about {self.read_units:,.0f} read units"


def choose(lines: Iterable[int], table_bytes: int, *, full: bool) -> Reading:
    """Return the cheaper way; with `full`, the scan.

    `lines` is the number of lines of each invoice that is known, `table_bytes` the table's size:
    at least that of the lines, since DynamoDB counts it some hours late.
    """
    sizes = [count * _LINE_BYTES + _HEADER_BYTES for count in lines]
    queries = sum(-(-size // _BLOCK) for size in sizes) * _EVENTUAL
    scan = Decimal(-(-max(table_bytes, sum(sizes)) // _BLOCK)) * _EVENTUAL
    if full or scan < queries:
        return Reading("scan", len(sizes), scan)
    return Reading("queries", len(sizes), queries)
