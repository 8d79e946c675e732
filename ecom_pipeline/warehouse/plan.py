"""Dry run of a load: the changes to the fact table, computed from the raw lake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ecom_pipeline.lake import partition, rules
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.warehouse import ledger
from ecom_pipeline.warehouse.ledger import Change, Entry
from ecom_pipeline.warehouse.session import Session, Warehouse
from ecom_pipeline.warehouse.stage import DIGEST, FACT


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """The dry run of a load: its plan id, the days' new versions, and the reasons for approval.

    `outdated` are the days whose CSV has another rules version; a load rebuilds them.
    """

    id: str
    days: dict[date, Entry]
    reasons: list[str]
    outdated: list[date]


def make(warehouse: Warehouse, lake: Lake, days: Sequence[date]) -> dict[date, Entry]:
    """Return the version that each day would get; without the days that would not change."""
    with warehouse.session() as session:
        held = ledger.newest(session, days)
        planned = ((day, _day(session, lake, day, held.get(day))) for day in days)
        return {day: entry for day, entry in planned if entry is not None}


def outdated(warehouse: Warehouse, days: Sequence[date]) -> list[date]:
    """Return the days whose published CSV has another rules version than the current one."""
    with warehouse.session() as session:
        found = set(ledger.days_of_other_rules(session, rules.VERSION))
    return [day for day in days if day in found]


def _day(session: Session, lake: Lake, day: date, past: Entry | None) -> Entry | None:
    flat = partition.preview(lake, day)
    if past is not None and past.totals == flat.totals:
        return None
    rows = session.rows(f"select event_id, {DIGEST} from {FACT} where invoice_date = %s", [day])
    before = {event_id: int(row_digest) for event_id, row_digest in rows}
    kept = before.keys() & flat.digests.keys()
    change = Change(
        added=len(flat.digests) - len(kept),
        removed=len(before) - len(kept),
        changed=sum(before[each] != flat.digests[each] for each in kept),
    )
    return ledger.following(past, flat.totals, change, 0, None)
