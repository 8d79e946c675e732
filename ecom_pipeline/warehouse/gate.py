"""The approval gate of a publish: a restatement above a bound needs a person's approval.

A day's first load needs none, nor do rows that are added while a day is not over. An approval is
for one plan id: other data need another approval.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

from ecom_pipeline.warehouse import ledger
from ecom_pipeline.warehouse.ledger import Entry
from ecom_pipeline.warehouse.session import WarehouseError

_ID_DIGITS = 12


class ApprovalRequiredError(WarehouseError):
    """A publish that would change more than the bound; an approval must contain `plan_id`.

    `refused` says what is wrong with days that are not in the plan: an approval does not load them.
    """

    def __init__(self, plan_id: str, reasons: list[str], refused: str = "") -> None:
        self.plan_id = plan_id
        self.reasons = reasons
        more = f"; refused, approved or not: {refused}" if refused else ""
        super().__init__(f"held for approval as plan {plan_id}: {'; '.join(reasons)}{more}")


@dataclass(frozen=True, slots=True)
class Gate:
    """The bound of a change without approval: a share (0 to 1) of a day's rows or its revenue.

    `approved` is the plan id that a person approved, or empty. Without a bound, all is allowed.
    """

    bound: Decimal | None = None
    approved: str = ""

    def check(self, entries: Mapping[date, Entry], refused: str = "") -> str:
        """Check the days' next versions against the bound; `refused` is for the error's text.

        Return the plan id if it needed an approval and has it, else an empty text.

        Raises:
            ApprovalRequiredError: a day is above the bound, and this plan is not approved.
        """
        reasons = self.reasons(entries)
        if reasons and self.approved != plan_id(entries):
            raise ApprovalRequiredError(plan_id(entries), reasons, refused)
        return self.approved if reasons else ""

    def reasons(self, entries: Mapping[date, Entry]) -> list[str]:
        """Return a description of the change for each day above the bound."""
        if self.bound is None:
            return []
        return [
            f"{day}: {e.change.added} rows added, {e.change.removed} removed, {e.change.changed}"
            f" changed of {e.rows_before}, revenue {e.amount_before} to {e.totals.amount}"
            for day, e in sorted(entries.items())
            if e.version > 1 and _share(e) > self.bound
        ]


ALLOW_ALL = Gate()


def plan_id(entries: Mapping[date, Entry]) -> str:
    """Return a plan's id, 12 hex digits: equal for equal days, versions and contents."""
    parts = (f"{day} {e.version} {e.totals.digest:x}" for day, e in sorted(entries.items()))
    return sha256("\n".join(parts).encode()).hexdigest()[:_ID_DIGITS]


def _share(entry: Entry) -> Decimal:
    """Return the larger of the changed shares of rows and of revenue.

    The previous version of a running day was not all of it, so added rows do not count there.
    """
    change = entry.change
    if entry.cause in ledger.MOVING:
        return Decimal(change.removed + change.changed) / max(entry.rows_before, 1)
    rows = change.added + change.removed + change.changed
    return max(
        Decimal(rows) / max(entry.rows_before, 1),
        abs(entry.amount_delta) / max(abs(entry.amount_before), Decimal(1)),
    )
