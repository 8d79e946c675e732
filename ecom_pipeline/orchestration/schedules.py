"""The jobs of the batch path and their schedules."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from ecom_pipeline.domain import shop
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.keys import RECONCILED, SALES_REPORT, TABLE_SEGMENTS
from ecom_pipeline.orchestration.logs import forwarded
from ecom_pipeline.warehouse import ledger, marts, migrations, sweep
from ecom_pipeline.warehouse.session import Warehouse

_MARTS = dg.AssetSelection.groups(marts.SCHEMA)
_PROOF = dg.AssetSelection.assets(RECONCILED)
_SEGMENTS = dg.AssetSelection.assets(TABLE_SEGMENTS)
_REPORT = dg.AssetSelection.assets(SALES_REPORT)

load_days = dg.define_asset_job(
    requests.LOAD_DAYS,
    selection=dg.AssetSelection.all() - _MARTS - _PROOF - _SEGMENTS - _REPORT,
    description="Loads days from their raw objects to the fact table; the marts follow "
    "automatically.",
)
# A separate job: in a run of days Dagster plans each mart once per day, 1,830 events for 305 days,
# which took 14 of 23 s on SQLite (2026-11-23); and one refresh is enough for many loads.
refresh_marts = dg.define_asset_job(
    requests.REFRESH_MARTS,
    selection=_MARTS,
    description="Refreshes the marts to the newest version of each day in the ledger.",
)
reconcile_days = dg.define_asset_job(
    requests.RECONCILE_DAYS,
    selection=_PROOF,
    description="Compares days event by event in all stores, without changing them.",
)

scan_segment = dg.define_asset_job(
    requests.SCAN_SEGMENT,
    selection=_SEGMENTS,
    description="Compares the next segment of DynamoDB's table with what is published.",
)

Asked = list[dg.RunRequest] | dg.SkipReason


@dg.schedule(
    job=load_days,
    cron_schedule="0 3 * * *",  # 03:00 occurs exactly once on every day, also on DST changes
    execution_timezone=shop.ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Loads yesterday, every morning at 03:00 in the shop's time zone.",
)
def daily_load(
    context: dg.ScheduleEvaluationContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
) -> Asked:
    """Request a run for yesterday, unless all of its raw objects are published already."""
    morning = context.scheduled_execution_time.astimezone(ZoneInfo(shop.ZONE))
    day = morning.date() - timedelta(days=1)
    migrations.migrate(warehouse)
    with forwarded(context.log):
        entry = sweep.published(lake, warehouse, day)
    if entry is not None:
        return dg.SkipReason(
            f"{day} is loaded: version {entry.version}, {entry.totals.rows} rows, {entry.cause}"
        )
    return [requests.request(DayRange(day, day), f"{day}:daily:{morning.date()}")]


@dg.schedule(
    job=load_days,
    cron_schedule="0 5 * * *",
    execution_timezone=shop.ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Loads days with unpublished raw objects, after lost notifications, failed runs, "
    "or a downtime of Dagster: new and recent days each morning, older ones by turns.",
)
def daily_sweep(
    context: dg.ScheduleEvaluationContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    first_day: dg.ResourceParam[date],
) -> Asked:
    """Request runs for the days with unpublished raw objects, except those of queued runs.

    A morning's cost does not depend on the history: sweep.py.
    """
    morning = context.scheduled_execution_time.astimezone(ZoneInfo(shop.ZONE)).date()
    migrations.migrate(warehouse)
    with forwarded(context.log):
        missing = sweep.behind_in_turn(lake, warehouse, morning)
    days, _ = requests.loadable(missing, first_day, morning)
    waiting = requests.waiting_days(context.instance)
    asked = [day for day in days if not requests.is_waiting(day, waiting)]
    for day in asked:
        context.log.info("%s: %s", day, missing[day])
    if not asked:
        return dg.SkipReason(f"{len(days)} days are behind, all in queued runs" if days else "none")
    return [
        requests.request(DayRange(first, last), f"{first}:{last}:sweep:{morning}")
        for first, last in requests.spans(asked)
    ]


@dg.schedule(
    job=reconcile_days,
    cron_schedule="0 6 * * *",
    execution_timezone=shop.ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compares each day that was published since yesterday morning in all stores.",
)
def daily_reconciliation(
    context: dg.ScheduleEvaluationContext,
    warehouse: dg.ResourceParam[Warehouse],
    first_day: dg.ResourceParam[date],
) -> Asked:
    """Request runs for the days with a new version in the last 24 hours.

    Other days are taken as unchanged since their last comparison.
    """
    morning = context.scheduled_execution_time
    migrations.migrate(warehouse)
    with warehouse.session() as session:
        changed = ledger.published_since(session, morning - timedelta(days=1))
    today = morning.astimezone(ZoneInfo(shop.ZONE)).date()
    days, _ = requests.loadable(changed, first_day, today)
    if not days:
        return dg.SkipReason("no day was published since yesterday morning")
    return [
        requests.request(span, f"{span[0]}:{span[1]}:reconcile:{morning.date()}")
        for span in requests.spans(days)
    ]


daily_segment = dg.ScheduleDefinition(
    name="daily_segment",
    job=scan_segment,
    cron_schedule="30 6 * * *",
    execution_timezone=shop.ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Compares one segment of DynamoDB's table each morning, all of it in a month.",
)

JOBS = [load_days, refresh_marts, reconcile_days, scan_segment]
ALL = [daily_load, daily_sweep, daily_reconciliation, daily_segment]
