"""What is done with the whole line: plan and load days, compare the stores, wait for the stream.

Each is a few calls of the rooms below; how a step works is theirs.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from ecom_pipeline.batch import connect, gate, migrations, plan, tombstones
from ecom_pipeline.batch.ledger import Entry
from ecom_pipeline.bi.report import sales
from ecom_pipeline.domain import keys
from ecom_pipeline.local import deploy, stack
from ecom_pipeline.local.poller import progress as poller
from ecom_pipeline.local.processes import LocalError
from ecom_pipeline.proof import connect as proof
from ecom_pipeline.proof import verdict
from ecom_pipeline.proof.held import Days
from ecom_pipeline.proof.reconcile import Reconciliation, reconcile
from ecom_pipeline.proof.repair import Repair, repair
from ecom_pipeline.proof.stores.sent import SentStore
from ecom_pipeline.replay import account
from ecom_pipeline.settings import Settings

_STANDSTILL_SECONDS = 120
_CONSUMERS = ("store", "archive")


def require(settings: Settings) -> None:
    """Raise LocalError, saying what to start, when the stores are the local ones and do not run."""
    if settings.endpoint_url is not None:
        stack.require(settings)


def load_days(settings: Settings, first: date, last: date) -> str:
    """Run the assets of these days in this process and return the run's id."""
    import dagster as dg  # noqa: PLC0415 - a second and a half, which other commands don't need

    from ecom_pipeline import definitions  # noqa: PLC0415
    from ecom_pipeline.orchestration import runs  # noqa: PLC0415

    require(settings)
    home = runs.local_instance_home(settings.home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return runs.run_days(definitions.build(settings), instance, first, last)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a load would publish, what names it, and why it would wait for approval."""

    id: str
    days: dict[date, Entry]
    reasons: list[str]


def plan_days(settings: Settings, first: date, last: date, bound: Decimal | None) -> Plan:
    """Return what a load of these days would change; `bound` goes before the settings' own."""
    require(settings)
    warehouse = connect.warehouse(settings)
    migrations.migrate(warehouse)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    planned = plan.make(warehouse, connect.lake(settings), days)
    limit = settings.load_bound if bound is None else bound
    reasons = gate.Gate(limit).reasons(planned)
    return Plan(id=gate.plan_id(planned), days=planned, reasons=reasons)


def compare(
    settings: Settings,
    first: date,
    last: date,
    *,
    accepted: Days | None = None,
    sent: Path | None = None,
) -> Reconciliation:
    """Compare what each store holds of these days.

    `accepted` is what the API acknowledged, by day; `sent` is the data set that was replayed, of
    which each event must be everywhere.
    """
    require(settings)
    stores = proof.stores(settings)
    if sent is not None:
        erased = tombstones.read(connect.lake(settings))
        stores.insert(0, SentStore(partial(account.lines, sent, erased)))
    return reconcile(stores, first, last, proof.watermark(settings), accepted)


def reconcile_days(
    settings: Settings,
    first: date,
    last: date,
    *,
    accepted: Days | None = None,
    sent: Path | None = None,
) -> Reconciliation:
    """Compare, and keep the verdict in the warehouse, where `sales.data_trust` shows it."""
    require(settings)
    return verdict.kept(
        connect.warehouse(settings),
        connect.lake(settings),
        first,
        last,
        lambda: compare(settings, first, last, accepted=accepted, sent=sent),
    )


def mend(settings: Settings, found: Reconciliation) -> Repair:
    """Mend what raw can mend of what is wrong."""
    require(settings)
    return repair(proof.writable(settings), found.wrong)


def write_report(settings: Settings, out: Path | None = None) -> Path:
    """Write the sales report of what is published, and return where it is."""
    require(settings)
    warehouse = connect.warehouse(settings)
    migrations.migrate(warehouse)
    path = out or settings.home / Path(keys.REPORT).name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sales.render(sales.read(warehouse)))
    return path.resolve()


def wait_for(settings: Settings, sequences: Mapping[str, str]) -> None:
    """Wait until both consumers of the local stream have finished these records.

    However long that takes, as long as they go on; LocalError when they stand still.
    """
    stream = deploy.outputs(settings)["StreamName"]
    wanted = [(f"{deploy.STACK}-{name}", stream) for name in _CONSUMERS]
    seen, deadline = None, 0.0
    while not poller.caught_up(settings.home, sequences, wanted):
        stack.require(settings)
        now = [poller.reached(settings.home, consumer) for consumer in wanted]
        if now != seen:
            seen, deadline = now, time.monotonic() + _STANDSTILL_SECONDS
        elif time.monotonic() > deadline:
            log = settings.home / "log" / "poller.log"
            raise LocalError(f"the stream's consumers stand still: see {log}")
        time.sleep(0.2)
