"""Operations on the whole pipeline: plan and load days, compare the stores, repair, report.

Each is a few calls of the packages that implement the steps.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from ecom_pipeline import stages
from ecom_pipeline.bi.report import sales
from ecom_pipeline.client import endpoints
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.days import DayRange, DaysError
from ecom_pipeline.lake import identity, tombstones
from ecom_pipeline.reconcile import connect as compared
from ecom_pipeline.reconcile import verdict
from ecom_pipeline.reconcile.compare import Reconciliation, reconcile
from ecom_pipeline.reconcile.model import DayTotals
from ecom_pipeline.reconcile.repair import Repair
from ecom_pipeline.reconcile.repair import repair as repair_from_raw
from ecom_pipeline.reconcile.stores.sent import SentStore
from ecom_pipeline.replay import account
from ecom_pipeline.replay.understanding import Understanding
from ecom_pipeline.settings import Settings, SettingsError, variable
from ecom_pipeline.warehouse import connect, ledger, migrations, plan, sweep
from ecom_pipeline.warehouse.gate import Gate
from ecom_pipeline.warehouse.plan import LoadPlan

Say = Callable[[str], None]


def load_days(
    settings: Settings, first: date, last: date, approve: str = "", say: Say = lambda _: None
) -> str:
    """Materialize the assets of these days and return the run's id; `approve` is a plan's id.

    With `dagster_url` set, the run is submitted there and its daemon launches it. Without it,
    against the local AWS, the run is executed in this process. What it waits for goes to `say`;
    the lines of a submitted run's log are logged.

    Raises:
        RunFailedError: a step or a blocking check failed, or Dagster cannot be reached.
        DaysError: the days can't be loaded: not over, or before the first day.
        SettingsError: on AWS, `dagster_url` is not set: a run in this process would be in no
            Dagster UI, and outside the pool limits.
    """
    import dagster as dg  # noqa: PLC0415 - takes 1.5 s, which other commands don't need

    from ecom_pipeline.orchestration import code_location, engines, runs, submission  # noqa: PLC0415
    from ecom_pipeline.orchestration.requests import LoadRequest  # noqa: PLC0415

    require_loader(settings)
    require_loadable(settings, DayRange(first, last))
    engines.engine_for(settings)
    if settings.dagster_url is None:
        endpoints.require(settings)
    who = identity.caller(settings)
    asked = LoadRequest(by=who, approve=approve, say=say, log=stages.LOG.info)
    if settings.dagster_url is not None:
        return submission.load_days(settings.dagster_url, DayRange(first, last), asked)
    home = runs.local_instance_home(settings.home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return runs.run_days(code_location.build(settings), instance, first, last, asked)


def require_loader(settings: Settings) -> None:
    """Check, before other work is done, that a load is possible with these settings.

    Raises:
        SettingsError: on AWS, `dagster_url` is not set.
    """
    if settings.endpoint_url is None and settings.dagster_url is None:
        name = variable("dagster_url")
        raise SettingsError(f"set {name} to the URL of this environment's Dagster (docs/deploy.md)")


def require_loadable(settings: Settings, days: DayRange) -> None:
    """Raise DaysError unless all days have a partition: days that are over, or today if set."""
    if days.first < settings.first_day:
        raise DaysError(
            f"{days.first} is before the first day, {settings.first_day}: load from that day on, or"
            f" set {variable('first_day')}"
        )
    today = settings.shop.today()
    last = today if settings.running_days else today - timedelta(days=1)
    if days.last > last:
        raise DaysError(f"{days.last} is not over: load days up to {last}")


def running_until(settings: Settings, day: date) -> datetime | None:
    """Return up to when a day that is not over is loaded, in the shop's time zone; None if over."""
    with connect.warehouse(settings).session() as session:
        until = ledger.running(session).get(day)
    return until and until.astimezone(settings.time_zone)


def plan_days(settings: Settings, first: date, last: date, bound: Decimal | None) -> LoadPlan:
    """Return the dry run of a load; `bound`, a share, overrides the settings' `load_bound`."""
    require_loadable(settings, DayRange(first, last))
    endpoints.require(settings)
    warehouse = connect.warehouse(settings)
    migrations.migrate(warehouse)
    limit = Gate(settings.load_bound if bound is None else bound)
    return plan.make(warehouse, connect.lake(settings), DayRange(first, last).days(), limit)


def unpublished_days(settings: Settings) -> dict[date, str]:
    """Return all days before today with unpublished raw objects, and what each day lacks.

    It costs a listing of all raw objects and a read of each day's manifest.
    """
    endpoints.require(settings)
    warehouse = connect.warehouse(settings)
    migrations.migrate(warehouse)
    return sweep.behind(connect.lake(settings), warehouse, settings.shop.today())


def compare(
    settings: Settings,
    days: DayRange,
    *,
    accepted: DayTotals | None = None,
    sent: Understanding | None = None,
    full: bool = False,
) -> Reconciliation:
    """Compare the stores on these days; with `full`, DynamoDB by a scan of the whole table.

    `accepted` are the totals that the API acknowledged, by day. `sent` is the file that was
    replayed: each of its events must be in every store.
    """
    endpoints.require(settings)
    stores = compared.stores(settings, full=full)
    if sent is not None:
        erased = tombstones.read(connect.lake(settings))
        stores.insert(0, SentStore(partial(account.lines, sent, erased)))
    return reconcile(stores, *days, compared.watermark(settings), accepted)


def reconcile_days(
    settings: Settings,
    days: DayRange,
    *,
    accepted: DayTotals | None = None,
    sent: Understanding | None = None,
    full: bool = False,
) -> Reconciliation:
    """Compare like `compare`, and record the result in the warehouse for `sales.data_trust`."""
    endpoints.require(settings)
    return verdict.recorded(
        connect.warehouse(settings),
        connect.lake(settings),
        *days,
        lambda: compare(settings, days, accepted=accepted, sent=sent, full=full),
    )


def repair(settings: Settings, found: Reconciliation) -> Repair:
    """Repair a reconciliation's discrepancies from the raw lake."""
    endpoints.require(settings)
    return repair_from_raw(compared.writable(settings), found.wrong)


def write_report(settings: Settings, out: Path | None = None) -> Path:
    """Write the sales report of the published days, and return its absolute path."""
    endpoints.require(settings)
    warehouse = connect.warehouse(settings)
    migrations.migrate(warehouse)
    path = out or settings.home / Path(keys.REPORT).name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sales.render(sales.read(warehouse), settings.currency))
    return path.resolve()
