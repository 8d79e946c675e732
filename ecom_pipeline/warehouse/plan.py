"""Dry run of a load: the changes to the fact table, computed from the raw lake.

The days are built without a commit, and staged and checked as a load does it, so the plan refuses
what the load would refuse, and has its plan id.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from uuid import uuid4

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.lake import partition, rules
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.flatten import Flattened
from ecom_pipeline.lake.manifest import Manifest, Part
from ecom_pipeline.warehouse import gate, ledger, marts, proposal, shop_record, stage
from ecom_pipeline.warehouse.gate import Gate
from ecom_pipeline.warehouse.ledger import Entry
from ecom_pipeline.warehouse.session import Warehouse


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """The dry run of a load: its plan id, the days' new versions, and the reasons for approval.

    `refused` has the text of what is wrong with days that break a rule, `unbuilt` the reason of
    each day that can't be built: their previous versions stay. `outdated` are the days whose CSV
    has another rules version; a load rebuilds them. `outdated_marts` is the number of days whose
    marts have other SQL; the next refresh computes them again.
    """

    id: str
    days: dict[date, Entry]
    reasons: list[str]
    refused: list[str]
    unbuilt: dict[date, str]
    outdated: list[date]
    outdated_marts: int


def make(
    warehouse: Warehouse, lake: Lake, days: Sequence[date], limit: Gate = gate.ALLOW_ALL
) -> LoadPlan:
    """Return the dry run of a load of these days; days that would not change are not in it.

    Raises:
        ShopChangedError: the loaded days are of another time zone or currency.
    """
    with warehouse.session() as session:
        shop_record.require(session, warehouse.shop)
        held = ledger.newest(session, days)
        past = set(ledger.days_of_other_rules(session, rules.VERSION))
        outdated_marts = marts.outdated_days(session)
    with (
        _built(warehouse, lake, days, held) as (manifests, copies, unbuilt),
        warehouse.session() as session,
    ):
        kept, faults = proposal.stage_days(session, manifests, copies, None)
        entries = proposal.versions(session, kept, held)
    return LoadPlan(
        id=gate.plan_id(entries),
        days=entries,
        reasons=limit.reasons(entries),
        refused=[f"{rule}, {fault}" for rule, found in faults.items() for fault in found],
        unbuilt=unbuilt,
        outdated=[day for day in days if day in past],
        outdated_marts=outdated_marts,
    )


@contextmanager
def _built(
    warehouse: Warehouse, lake: Lake, days: Sequence[date], held: Mapping[date, Entry]
) -> Generator[tuple[list[Manifest], list[str], dict[date, str]]]:
    """Write the CSV of the days that would change, outside their partitions.

    Yields their manifests, their COPY statements, and the reasons of the days that can't be built;
    the objects are removed in the end.
    """
    role = warehouse.copy_role
    prefix, written = keys.plan_prefix(uuid4().hex), list[str]()
    manifests, unbuilt = list[Manifest](), dict[date, str]()
    try:
        for day in days:
            until = lake.running.until(day) if lake.running else None
            try:
                flat = partition.preview(lake, day)
            except EcomError as error:
                unbuilt[day] = str(error)
                continue
            made = _manifest(flat, day, until, keys.plan_part_key(prefix, day))
            if day in held and not held[day].differs(made):
                continue
            manifests.append(made)
            written += [part.key for part in manifests[-1].parts]
            for part in manifests[-1].parts:
                lake.csv.write_part(part.key, flat.csv)
        written.append(keys.copy_manifest_key(prefix, 0))
        yield manifests, stage.write_copy_lists(lake, manifests, prefix, role), unbuilt
    finally:
        lake.csv.remove(written)


def _manifest(flat: Flattened, day: date, until: datetime | None, key: str) -> Manifest:
    part = Part(
        key=key, rows=flat.totals.rows, bytes=len(flat.csv), sha256=sha256(flat.csv).hexdigest()
    )
    return Manifest(
        day=day,
        columns=CSV_HEADER,
        parts=(part,) if flat.totals.rows else (),
        totals=flat.totals,
        read=flat.read,
        redelivered=flat.redelivered,
        retracted=flat.retracted,
        quarantined={},
        quarantine_keys=(),
        sources=(),
        running_until=until,
        rules=rules.VERSION,
    )
