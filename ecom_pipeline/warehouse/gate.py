"""The gate before a publish: a restatement above a bound waits until a person has approved it.

A day's first load is never held. An approval names what it approves: other data need another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

from ecom_pipeline.warehouse.ledger import Entry
from ecom_pipeline.warehouse.session import WarehouseError

_ID_DIGITS = 12


class ApprovalRequiredError(WarehouseError):
    """A publish that would change more than the bound; `plan_id` is what an approval names."""

    def __init__(self, plan_id: str, reasons: list[str]) -> None:
        self.plan_id = plan_id
        self.reasons = reasons
        super().__init__(f"held for approval as plan {plan_id}: {'; '.join(reasons)}")


@dataclass(frozen=True, slots=True)
class Gate:
    """How much of a published day may change by itself: a share of its rows or its revenue."""

    bound: Decimal | None = None
    approved: str = ""

    def check(self, entries: Mapping[date, Entry]) -> None:
        """Raise HeldError when a day would change too much, unless just this was approved."""
        reasons = self.reasons(entries)
        if reasons and self.approved != plan_id(entries):
            raise ApprovalRequiredError(plan_id(entries), reasons)

    def reasons(self, entries: Mapping[date, Entry]) -> list[str]:
        """Say, for each day above the bound, what would change."""
        if self.bound is None:
            return []
        return [
            f"{day}: {e.change.added} rows added, {e.change.removed} removed, {e.change.changed}"
            f" changed of {e.rows_before}, revenue £{e.amount_before} to £{e.totals.amount}"
            for day, e in sorted(entries.items())
            if e.version > 1 and _share(e) > self.bound
        ]


ALLOW_ALL = Gate()


def plan_id(entries: Mapping[date, Entry]) -> str:
    """Return what names a plan: equal for equal days, versions and contents."""
    parts = (f"{day} {e.version} {e.totals.digest:x}" for day, e in sorted(entries.items()))
    return sha256("\n".join(parts).encode()).hexdigest()[:_ID_DIGITS]


def _share(entry: Entry) -> Decimal:
    """Return the larger of the shares of rows and of revenue that change."""
    change = entry.change
    rows = change.added + change.removed + change.changed
    return max(
        Decimal(rows) / max(entry.rows_before, 1),
        abs(entry.amount_delta) / max(abs(entry.amount_before), Decimal(1)),
    )
