"""What a load would publish: its staged days, without those that break a rule, as next versions.

A load commits a proposal (load.py), a dry run shows it (plan.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from ecom_pipeline import stages
from ecom_pipeline.lake.manifest import Manifest
from ecom_pipeline.warehouse import ledger, quality, stage
from ecom_pipeline.warehouse.ledger import Change, Entry
from ecom_pipeline.warehouse.quality import Faults
from ecom_pipeline.warehouse.session import Session
from ecom_pipeline.warehouse.stage import STAGE

ERASURE = "erasure"


def stage_days(
    session: Session, manifests: Sequence[Manifest], copies: Sequence[str], cause: str | None
) -> tuple[list[Manifest], Faults]:
    """Stage days by the COPY statements `copies`; return those that break no rule, and the faults.

    The other days are taken off the stage. An erasure takes precedence over the rules: the
    previous versions would keep the customer.

    Raises:
        WarehouseError: COPY failed, or the staged rows differ from the manifests.
    """
    if not manifests:
        return [], {}
    days = [manifest.day for manifest in manifests]
    parts = [part for manifest in manifests for part in manifest.parts]
    with stages.stage("stage", days) as counts:
        counts |= {"parts": len(parts), "bytes": sum(part.bytes for part in parts)}
        stage.copy(session, copies)
    with stages.stage("assert", days) as counts:
        counts["rows"] = sum(manifest.totals.rows for manifest in manifests)
        stage.require_staged(session, manifests)
        faults = {} if cause == ERASURE else quality.broken_rules(session, days, quality.STAGED)
        refused = refused_days(faults)
        counts["refused_days"] = len(refused)
    if refused:
        session.run(f"delete from {STAGE} where {quality.STAGED.day} in {ledger.listed(refused)}")
    return [manifest for manifest in manifests if manifest.day not in refused], faults


def refused_days(faults: Faults) -> list[date]:
    """Return the days that break a rule, sorted."""
    return sorted({fault.day for found in faults.values() for fault in found})


def described(faults: Faults) -> str:
    """Return the faults as text: the rule, the day and what is wrong."""
    return "; ".join(f"{rule}, {fault}" for rule, found in faults.items() for fault in found)


def versions(
    session: Session,
    manifests: Sequence[Manifest],
    held: Mapping[date, Entry],
    generation: int = 0,
    cause: str | None = None,
) -> dict[date, Entry]:
    """Return each staged day's next version after `held`; a first version only adds rows."""
    days = [manifest.day for manifest in manifests]
    changes = stage.changes(session, [day for day in days if day in held])
    entries: dict[date, Entry] = {}
    for each in manifests:
        change = changes.get(each.day, Change(added=each.totals.rows))
        past = held.get(each.day)
        why = cause or _moving(each, past) or change.cause(each.retracted)
        entry = ledger.following(past, each.totals, change, generation, why)
        entries[each.day] = replace(entry, running_until=each.running_until)
    return entries


def _moving(manifest: Manifest, past: Entry | None) -> str | None:
    """Return the cause of a version of the running day, or of the first one after its end."""
    if manifest.running_until:
        return ledger.RUNNING
    return ledger.OVER if past and past.running_until else None
