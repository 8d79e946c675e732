"""Publish days in the warehouse: stage with one COPY, check, then replace in one transaction.

A load claims a generation (a fencing token) for its days first. Inside the transaction it takes
the lock before any other statement, and continues only if its generation is still the newest. So
a zombie writer, concurrent runs, and a commit whose response was lost all give the same table. (Of
36 fault trials each, append left 26 wrong, delete+insert in one transaction 11, this protocol 0.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ecom_pipeline import stages
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import CSV_HEADER, PARTITION
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import range_reads
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.manifest import Manifest
from ecom_pipeline.warehouse import fence, ledger, lock, proposal, stage
from ecom_pipeline.warehouse.gate import ALLOW_ALL, Gate
from ecom_pipeline.warehouse.ledger import Entry
from ecom_pipeline.warehouse.quality import Faults
from ecom_pipeline.warehouse.session import Session, Warehouse, WarehouseError, retrying
from ecom_pipeline.warehouse.stage import FACT, STAGE

_COLUMNS = ", ".join(CSV_HEADER)
REPAIR = "repair"

_ANALYZE_DAYS = 7  # fewer days change less than 10 % of the table, ANALYZE's default threshold


class RefusedDaysError(WarehouseError):
    """Days whose rows break a rule; the other days of the load are published.

    `faults` has what is wrong by rule, `published` the new version of each other day.
    """

    def __init__(self, faults: Faults, published: Mapping[date, Entry]) -> None:
        self.faults, self.published = faults, published
        self.days = proposal.refused_days(faults)
        super().__init__(f"refused, the previous version stays: {proposal.described(faults)}")


def publish(
    warehouse: Warehouse,
    lake: Lake,
    days: Sequence[date],
    *,
    cause: str | None = None,
    gate: Gate = ALLOW_ALL,
) -> dict[date, Entry]:
    """Replace these days in the fact table by their committed CSV; return the new versions.

    A day whose manifest has the totals of the ledger's newest version is skipped, unless it was not
    over then or is not over now. `cause` is the ledger's cause of a new version; by default it
    follows from the change (proposal.py). With cause "repair" no day is skipped: the fact table may
    differ from the ledger. With cause "erasure" days that break a rule are published too: their
    previous versions would keep the customer.

    Raises:
        ManifestError: a day has no CSV.
        WarehouseError: COPY failed, or the staged rows differ from the manifest; the days'
            previous versions stay.
        RefusedDaysError: rows of some days break a rule; the other days are published.
        ApprovalRequiredError: the change is above the bound of `gate`; the previous versions stay.
        FencedError: a newer load took over.
        ShopChangedError: days are loaded of another time zone or currency.
    """
    warehouse = replace(warehouse, label=f"days={min(days)}:{max(days)}")
    warehouse.by.caller()  # asked for while no lock is held
    # before the manifests are read
    generation = retrying(lambda: fence.claim(warehouse, days), "claim")
    manifests = list(range_reads.committed(lake, days).values())
    with warehouse.session() as session:
        held = ledger.newest(session, days)
        rules = ledger.changed_rules(session, {m.day: m.rules for m in manifests})
    is_new = {m.day: m.day not in held or held[m.day].differs(m) for m in manifests}
    stale = [m for m in manifests if cause == REPAIR or is_new[m.day]]
    unchanged = {day: number for day, number in rules.items() if day in held and not is_new[day]}
    if unchanged:
        retrying(lambda: _record_rules(warehouse, unchanged), "record rules")
    if not stale:
        stages.skipped("publish", days, "their CSV is what is published")
        return {}
    prefix = keys.copy_prefix(generation)
    copies = stage.write_copy_lists(lake, stale, prefix, warehouse.copy_role)
    load = _Load(stale, generation, cause, copies, gate)
    published, faults = retrying(lambda: _attempt(warehouse, load), "publish")
    if len(published) > _ANALYZE_DAYS:
        _analyze(warehouse)
    if faults:
        raise RefusedDaysError(faults, published)
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


def _attempt(warehouse: Warehouse, load: _Load) -> tuple[dict[date, Entry], Faults]:
    """Publish the days that break no rule; return their entries, and the faults of the others."""
    with warehouse.session() as session:
        manifests, faults = proposal.stage_days(session, load.manifests, load.copies, load.cause)
        load = replace(load, manifests=manifests)
        session.commit()  # the stage is a temporary table; the next statement starts a snapshot
        if not load.days:
            return {}, faults
        with stages.stage("publish", load.days) as counts:
            entries = _replace(warehouse, session, load, faults)
            counts["rows"] = sum(entry.totals.rows for entry in entries.values())
        return entries, faults


def _replace(
    warehouse: Warehouse, session: Session, load: _Load, faults: Faults
) -> dict[date, Entry]:
    """Replace the staged days in the fact table, in one transaction; return their entries."""
    lock.take(warehouse, session, fence.LOCK)
    held = ledger.newest(session, load.days)
    if all(day in held and held[day].generation == load.generation for day in load.days):
        return held  # the commit of an earlier attempt, whose answer was lost
    fence.require_newest_claim(session, load.days, load.generation)
    entries = proposal.versions(session, load.manifests, held, load.generation, load.cause)
    approved = load.gate.check(entries, refused=proposal.described(faults))
    session.run(f"delete from {FACT} where {ledger.within(load.days)}")
    session.run(
        f"insert into {FACT} ({_COLUMNS}, {PARTITION.name})"
        f" select {_COLUMNS}, trunc(invoice_time) from {STAGE}"
    )
    ledger.write(session, entries, warehouse.by, approved, zone=warehouse.shop.time_zone)
    ledger.record_rules(session, {m.day: m.rules for m in load.manifests})
    session.commit()
    return entries


def _record_rules(warehouse: Warehouse, days: Mapping[date, int]) -> None:
    """Record the new rules version of days whose rows it left unchanged."""
    with warehouse.session() as session:
        lock.take(warehouse, session, fence.LOCK)
        ledger.record_rules(session, days)
        session.commit()


def _analyze(warehouse: Warehouse) -> None:
    """Update the planner's statistics after a backfill; for single days Redshift does it itself."""
    with warehouse.session() as session:
        session.run(f"analyze {FACT} predicate columns")
        session.commit()
