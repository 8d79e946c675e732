"""The jobs of the batch path and their schedules, in the shop's time zone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.shop import Shop
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.orchestration import current, requests
from ecom_pipeline.orchestration.keys import RECONCILED, SALES_REPORT, TABLE_SEGMENTS
from ecom_pipeline.orchestration.logs import forwarded
from ecom_pipeline.warehouse import ledger, marts, migrations, sweep, trust
from ecom_pipeline.warehouse.session import Warehouse

_MARTS = dg.AssetSelection.groups(marts.SCHEMA)
_PROOF = dg.AssetSelection.assets(RECONCILED)
_SEGMENTS = dg.AssetSelection.assets(TABLE_SEGMENTS)
_REPORT = dg.AssetSelection.assets(SALES_REPORT)
_CURRENT = dg.AssetSelection.checks(*current.ALL)

load_days = dg.define_asset_job(
    requests.LOAD_DAYS,
    selection=dg.AssetSelection.all() - _MARTS - _PROOF - _SEGMENTS - _REPORT - _CURRENT,
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
    selection=_PROOF - _CURRENT,
    description="Compares days event by event in all stores, without changing them.",
)

scan_segment = dg.define_asset_job(
    requests.SCAN_SEGMENT,
    selection=_SEGMENTS,
    description="Compares the next segment of DynamoDB's table with what is published.",
)

check_state = dg.define_asset_job(
    requests.CHECK_STATE,
    selection=_CURRENT,
    description="Asks the stores what is late, differs or waits now; its checks raise alarms.",
)

Asked = list[dg.RunRequest] | dg.SkipReason


def daily_load(
    context: dg.ScheduleEvaluationContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    shop: dg.ResourceParam[Shop],
) -> Asked:
    """Request a run for yesterday, unless all of its raw objects are published already."""
    morning = context.scheduled_execution_time.astimezone(shop.time_zone)
    day = morning.date() - timedelta(days=1)
    migrations.migrate(warehouse)
    with forwarded(context.log):
        entry = sweep.published(lake, warehouse, day)
    if entry is not None:
        return dg.SkipReason(
            f"{day} is loaded: version {entry.version}, {entry.totals.rows} rows, {entry.cause}"
        )
    return [requests.request(DayRange(day, day), f"{day}:daily:{morning.date()}")]


def daily_sweep(
    context: dg.ScheduleEvaluationContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    shop: dg.ResourceParam[Shop],
) -> Asked:
    """Request runs for the days with unpublished raw objects, except those of queued runs.

    A morning's cost does not depend on the history: sweep.py.
    """
    morning = context.scheduled_execution_time.astimezone(shop.time_zone).date()
    migrations.migrate(warehouse)
    with forwarded(context.log):
        missing = sweep.behind_in_turn(lake, warehouse, morning)
    days, _ = requests.loadable(missing, shop.first_day, morning)
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


def daily_reconciliation(
    context: dg.ScheduleEvaluationContext,
    warehouse: dg.ResourceParam[Warehouse],
    shop: dg.ResourceParam[Shop],
) -> Asked:
    """Request runs for the days with a new version since yesterday's schedule, or that differed.

    Other days are taken as unchanged since their last comparison. In local time, yesterday's
    schedule is 23 to 25 hours ago.
    """
    morning = context.scheduled_execution_time.astimezone(shop.time_zone)
    migrations.migrate(warehouse)
    with warehouse.session() as session:
        changed = ledger.published_since(session, morning - timedelta(days=1))
    again = {*changed, *trust.differing(warehouse)}
    days, _ = requests.loadable(again, shop.first_day, morning.date())
    if not days:
        return dg.SkipReason("no day was published since yesterday morning, and none differs")
    return [
        requests.request(span, f"{span[0]}:{span[1]}:reconcile:{morning.date()}")
        for span in requests.spans(days)
    ]


JOBS = [load_days, refresh_marts, reconcile_days, scan_segment, check_state]


def of(zone: ZoneInfo) -> list[dg.ScheduleDefinition]:
    """Return the schedules, in a time zone.

    Where the clocks change at the hour of a schedule, Dagster evaluates it once, at the next hour
    or at the later one of two; the keys of runs have the day.
    """

    def every(
        hour: int, job: Any, evaluate: Callable[..., Asked], description: str
    ) -> dg.ScheduleDefinition:
        return dg.schedule(
            job=job,
            cron_schedule=f"0 {hour} * * *",
            execution_timezone=str(zone),
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=description,
        )(evaluate)

    return [
        every(3, load_days, daily_load, "Loads yesterday, at 03:00 in the shop's time zone."),
        every(
            5,
            load_days,
            daily_sweep,
            "Loads days with unpublished raw objects, after lost notifications, failed runs, or a"
            " downtime of Dagster: new and recent days each morning, older ones by turns.",
        ),
        every(
            6,
            reconcile_days,
            daily_reconciliation,
            "Compares each day that was published since yesterday morning in all stores.",
        ),
        dg.ScheduleDefinition(
            name="daily_segment",
            job=scan_segment,
            cron_schedule="30 6 * * *",
            execution_timezone=str(zone),
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Compares one segment of DynamoDB's table each morning, all in a month.",
        ),
        dg.ScheduleDefinition(
            name="daily_checks",
            job=check_state,
            cron_schedule="0 7 * * *",
            execution_timezone=str(zone),
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Checks the current state of the stores, after the loads and comparisons.",
        ),
    ]
