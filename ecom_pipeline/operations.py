"""What is done with the whole pipeline: plan and load days, compare the stores, repair, report.

Each is a few calls of the rooms below; how a step works is theirs.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

from ecom_pipeline.bi.report import sales
from ecom_pipeline.client import endpoints
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.lake import tombstones
from ecom_pipeline.reconcile import connect as compared
from ecom_pipeline.reconcile import verdict
from ecom_pipeline.reconcile.compare import Reconciliation, reconcile
from ecom_pipeline.reconcile.model import DayTotals
from ecom_pipeline.reconcile.repair import Repair
from ecom_pipeline.reconcile.repair import repair as repair_from_raw
from ecom_pipeline.reconcile.stores.sent import SentStore
from ecom_pipeline.replay import account
from ecom_pipeline.settings import Settings, SettingsError, variable
from ecom_pipeline.warehouse import connect, gate, migrations, plan
from ecom_pipeline.warehouse.plan import LoadPlan


def load_days(
    settings: Settings, first: date, last: date, say: Callable[[str], None] = lambda _: None
) -> str:
    """Run the assets of these days and return the run's id.

    In the Dagster whose UI the settings name, where its daemon starts the run; without one, against
    the local AWS, in this process.

    Raises:
        RunFailedError: a step or a blocking check failed.
        SettingsError: on AWS no Dagster is named: a run here would be in nobody's UI and pool.
    """
    import dagster as dg  # noqa: PLC0415 - a second and a half, which other commands don't need

    from ecom_pipeline.orchestration import code_location, runs, submission  # noqa: PLC0415

    require_loader(settings)
    if settings.dagster_url is not None:
        return submission.load_days(settings.dagster_url, DayRange(first, last), say)
    endpoints.require(settings)
    home = runs.local_instance_home(settings.home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return runs.run_days(code_location.build(settings), instance, first, last)


def require_loader(settings: Settings) -> None:
    """Raise SettingsError where a load would be refused: before anything else is done."""
    if settings.endpoint_url is None and settings.dagster_url is None:
        name = variable("dagster_url")
        raise SettingsError(f"set {name} to the Dagster that loads here (docs/deploy.md)")


def plan_days(settings: Settings, first: date, last: date, bound: Decimal | None) -> LoadPlan:
    """Return what a load of these days would change; `bound` goes before the settings' own."""
    endpoints.require(settings)
    warehouse = connect.warehouse(settings)
    migrations.migrate(warehouse)
    days = DayRange(first, last).days()
    planned = plan.make(warehouse, connect.lake(settings), days)
    limit = settings.load_bound if bound is None else bound
    reasons = gate.Gate(limit).reasons(planned)
    return LoadPlan(id=gate.plan_id(planned), days=planned, reasons=reasons)


def compare(
    settings: Settings,
    first: date,
    last: date,
    *,
    accepted: DayTotals | None = None,
    sent: Path | None = None,
) -> Reconciliation:
    """Compare what each store holds of these days.

    `accepted` is what the API acknowledged, by day; `sent` is the data set that was replayed, of
    which each event must be everywhere.
    """
    endpoints.require(settings)
    stores = compared.stores(settings)
    if sent is not None:
        erased = tombstones.read(connect.lake(settings))
        stores.insert(0, SentStore(partial(account.lines, sent, erased)))
    return reconcile(stores, first, last, compared.watermark(settings), accepted)


def reconcile_days(
    settings: Settings,
    first: date,
    last: date,
    *,
    accepted: DayTotals | None = None,
    sent: Path | None = None,
) -> Reconciliation:
    """Compare, and keep the verdict in the warehouse, where `sales.data_trust` shows it."""
    endpoints.require(settings)
    return verdict.recorded(
        connect.warehouse(settings),
        connect.lake(settings),
        first,
        last,
        lambda: compare(settings, first, last, accepted=accepted, sent=sent),
    )


def repair(settings: Settings, found: Reconciliation) -> Repair:
    """Rebuild from the raw lake what differs."""
    endpoints.require(settings)
    return repair_from_raw(compared.writable(settings), found.wrong)


def write_report(settings: Settings, out: Path | None = None) -> Path:
    """Write the sales report of what is published, and return where it is."""
    endpoints.require(settings)
    warehouse = connect.warehouse(settings)
    migrations.migrate(warehouse)
    path = out or settings.home / Path(keys.REPORT).name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sales.render(sales.read(warehouse)))
    return path.resolve()
