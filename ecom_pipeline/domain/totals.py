"""Totals to compare stores without moving rows: rows, pieces, amount, order-independent digest."""

from decimal import Decimal

import msgspec

from ecom_pipeline.domain.digest import digest as digest_of
from ecom_pipeline.domain.event import InvoiceLine


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of a set of invoice lines; equal digests mean equal lines, in any order."""

    rows: int = 0
    quantity: int = 0
    amount: Decimal = Decimal("0.0000")
    digest: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            rows=self.rows + other.rows,
            quantity=self.quantity + other.quantity,
            amount=self.amount + other.amount,
            digest=self.digest + other.digest,
        )


def totals_of(line: InvoiceLine) -> Totals:
    """Return the totals of a single line."""
    return Totals(rows=1, quantity=line.quantity, amount=line.amount, digest=digest_of(line.row()))
