"""The load ledger and its fence: what the fact table holds, and who may change it.

The ledger's newest row of a day is the truth about that day; a generation is a claim on days.
Everything but `claim` runs inside a load's own transaction (load.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ecom_pipeline.batch.warehouse import Session, Warehouse, WarehouseError
from ecom_pipeline.domain.totals import Totals

LOCK = "sales.load_lock"

_LEDGER = "sales.load_ledger"
_FENCE = "sales.load_fence"


class FencedError(WarehouseError):
    """A newer load has claimed one of the days: this one must not publish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A day's newest row of the ledger: what the fact table holds, and what it replaced."""

    version: int
    generation: int
    cause: str
    totals: Totals
    rows_before: int
    amount_before: Decimal


def claim(warehouse: Warehouse, days: Sequence[date]) -> int:
    """Take the next generation for these days: loads that hold an older one may not publish."""
    with warehouse.session() as session:
        session.run(f"lock {LOCK}")
        ((newest,),) = session.rows(f"select coalesce(max(generation), 0) from {_FENCE}")
        generation = int(newest) + 1
        session.run(f"delete from {_FENCE} where {within(days)}")
        rows = ", ".join(f"('{day.isoformat()}', {generation})" for day in days)
        session.run(f"insert into {_FENCE} values {rows}")
        session.commit()
        return generation


def check(session: Session, days: Sequence[date], generation: int) -> None:
    """Raise FencedError unless `generation` is still the newest claim on each of the days."""
    claims = dict(
        session.rows(f"select invoice_date, generation from {_FENCE} where {within(days)}")
    )
    lost = [day for day in days if claims.get(day) != generation]
    if lost:
        raise FencedError(f"a newer load has claimed {', '.join(map(str, lost))}; nothing to do")


def newest(session: Session, days: Sequence[date]) -> dict[date, Entry]:
    """Return the newest row of each day that was ever published."""
    rows = session.rows(
        "select invoice_date, version, generation, cause, row_count, quantity, amount, digest,"
        f" rows_before, amount_before from {_LEDGER} where {within(days)}"
        " order by invoice_date, version"
    )
    return {
        day: Entry(
            version=version,
            generation=generation,
            cause=cause,
            totals=sums_of(*sums),
            rows_before=rows_before,
            amount_before=amount_before,
        )
        for day, version, generation, cause, *sums, rows_before, amount_before in rows
    }


def write(
    session: Session, totals: Iterable[tuple[date, Totals]], generation: int, cause: str
) -> None:
    """Add a row for each day: its next version, and what it replaces."""
    wanted = dict(totals)
    held = newest(session, list(wanted))
    for day, now in wanted.items():
        before = held.get(day)
        past = before.totals if before else Totals()
        version, why = (before.version + 1, cause) if before else (1, "first")
        session.run(
            f"insert into {_LEDGER} (invoice_date, version, generation, cause, row_count, quantity,"
            " amount, digest, rows_before, amount_before)"
            f" values (%s, {version}, {generation}, %s, {now.rows}, {now.quantity}, {now.amount},"
            f" {now.digest}, {past.rows}, {past.amount})",
            [day, why],
        )


def within(days: Iterable[date]) -> str:
    """Return SQL for a row's day being one of these."""
    return "invoice_date in (" + ", ".join(f"'{day.isoformat()}'" for day in days) + ")"


def sums_of(rows: int, quantity: int, amount: Decimal, digest: Decimal) -> Totals:
    """Return sums as the warehouse types them."""
    return Totals(rows=rows, quantity=int(quantity), amount=Decimal(amount), digest=int(digest))
