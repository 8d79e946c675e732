"""Causes of Dagster's alarms: each is told once, not again, and again after it was put right.

Runs, checks and the sensor `watch` are the real ones; the daemon's ticks are recorded by hand.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    TickData,
    TickStatus,
)
from dagster_shared.error import SerializableErrorInfo

from ecom_pipeline import operations
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local.drill.inbox import Inbox
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.system import SystemUnderTest
from ecom_pipeline.orchestration import alarm_list, requests, runs
from ecom_pipeline.orchestration.alarm_list import Alarm

GROUP = "alarms"

_SENSOR = "a_sensor"


@dataclass(frozen=True, slots=True)
class _Cause:
    """A cause: how it comes, how an operator puts it right, and who looks; `expected` is told."""

    alarm: Alarm
    expected: tuple[str, ...]
    come: Callable[[], object]
    put_right: Callable[[], object]
    look: Callable[[], object]


def _is_told_once_each_time(inbox: Inbox, cause: _Cause) -> str:
    cause.look()
    inbox.news()  # what others left
    for step in (cause.come, lambda: None, cause.put_right, cause.come):
        step()
        cause.look()
        told = inbox.news()
        if step != cause.come:
            require(not told, f"told without a new cause: {told}")
            continue
        require(len(told) == 1, f"{len(told)} messages of one cause: {told}")
        lacking = [each for each in (cause.alarm.name, *cause.expected) if each not in told[0]]
        require(not lacking, f"the message lacks {lacking}: {told[0]}")
    cause.put_right()
    return f"{cause.alarm.name}: told once, silent when put right, told again"


@contextmanager
def _inbox(world: SystemUnderTest) -> Iterator[Inbox]:
    home = runs.local_instance_home(world.settings.home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield Inbox(world.settings, instance)


@fault(GROUP)
def a_damaged_raw_object(world: SystemUnderTest) -> str:
    """A raw object is damaged, and its day's load fails each morning: RunFailed."""
    day, _ = world.loaded_day()
    place = {"Bucket": world.lake.raw.name, "Key": keys.raw_key(day, "0", "9", "9")}
    s3 = world.lake.s3
    with _inbox(world) as inbox:
        return _is_told_once_each_time(
            inbox,
            _Cause(
                alarm_list.RUN_FAILED,
                (str(day), "SHA-256", f"ecom load {day}"),
                lambda: s3.put_object(**place, Body=b"?", Metadata={"sha256": "0"}),
                lambda: s3.delete_object(**place),
                lambda: inbox.run(requests.LOAD_DAYS, day),
            ),
        )


@fault(GROUP)
def a_mart_changed_by_hand(world: SystemUnderTest) -> str:
    """A mart no longer adds up; no load has to run for it to be noticed: CheckFailed."""
    day, _ = world.loaded_day()
    with _inbox(world) as inbox:
        inbox.run(requests.REFRESH_MARTS)
        return _is_told_once_each_time(
            inbox,
            _Cause(
                alarm_list.CHECK_FAILED,
                ("marts/daily_sales", "delete from marts.builds"),
                lambda: _sql(world, "update marts.sale_days set gross = gross + 1", day),
                lambda: _sql(world, "update marts.sale_days set gross = gross - 1", day),
                lambda: inbox.run(requests.CHECK_STATE),
            ),
        )


@fault(GROUP)
def a_sensor_that_fails(world: SystemUnderTest) -> str:
    """Each tick of a sensor fails, and the daemon only logs it: TickFailed."""
    with _inbox(world) as inbox:
        return _is_told_once_each_time(
            inbox,
            _Cause(
                alarm_list.TICK_FAILED,
                (_SENSOR, "no such queue"),
                lambda: _ticks(inbox.instance, TickStatus.FAILURE, 3),
                lambda: _ticks(inbox.instance, TickStatus.SKIPPED, 1),
                lambda: None,
            ),
        )


@fault(GROUP)
def an_item_deleted_by_hand(world: SystemUnderTest) -> str:
    """A line is deleted in DynamoDB, and no version of its day is published: StoresDiffer."""
    day = world.day()
    (event, *_) = world.arrive(day, 4)
    world.load(day)
    item = {
        "pk": {"S": keys.invoice_pk(str(event["InvoiceNo"]))},
        "sk": {"S": keys.line_sk(str(event["event_id"]))},
    }
    table, span = world.client("dynamodb"), DayRange(day, day)
    with _inbox(world) as inbox:
        return _is_told_once_each_time(
            inbox,
            _Cause(
                alarm_list.STORES_DIFFER,
                (str(day), str(event["event_id"]), f"ecom reconcile {day} --repair"),
                lambda: table.delete_item(TableName=world.settings.table, Key=item),
                lambda: operations.repair(world.settings, operations.compare(world.settings, span)),
                lambda: inbox.run(requests.RECONCILE_DAYS, day),
            ),
        )


@fault(GROUP)
def a_morning_without_a_load(world: SystemUnderTest) -> str:
    """Yesterday is over and is not published: LoadsLate."""
    yesterday = world.settings.shop.today() - timedelta(days=1)
    with _inbox(world) as inbox:
        inbox.run(requests.LOAD_DAYS, yesterday)
        return _is_told_once_each_time(
            inbox,
            _Cause(
                alarm_list.LOADS_LATE,
                (f"yesterday was {yesterday}", "Put it right: ecom load "),
                lambda: _sql(world, "delete from sales.load_ledger", yesterday),
                lambda: inbox.run(requests.LOAD_DAYS, yesterday),
                lambda: inbox.run(requests.CHECK_STATE),
            ),
        )


@fault(GROUP)
def a_growing_quarantine(world: SystemUnderTest) -> str:
    """Records come into quarantine, and nobody looks at them: QuarantineGrows."""
    key = keys.quarantine_key(world.settings.shop.today(), "0", "9", "9")
    raw = world.lake.raw
    with _inbox(world) as inbox:
        return _is_told_once_each_time(
            inbox,
            _Cause(
                alarm_list.QUARANTINE_GROWS,
                ("records are open", "ecom quarantine replay"),
                lambda: raw.write_lines(key, [b"{}"]),
                lambda: raw.remove([key]),
                lambda: inbox.run(requests.CHECK_STATE),
            ),
        )


@fault(GROUP)
def a_day_that_nobody_compares(world: SystemUnderTest) -> str:
    """A version of a day was published days ago and never compared: ReconciliationLate."""
    day, _ = world.loaded_day()
    _sql(world, "update sales.load_ledger set published_at = '2012-01-01 00:00:00'", day)
    operations.reconcile_days(world.settings, DayRange(day, day))
    with _inbox(world) as inbox:
        return _is_told_once_each_time(
            inbox,
            _Cause(
                alarm_list.RECONCILIATION_LATE,
                (str(day), f"ecom reconcile {day}"),
                lambda: _sql(world, "delete from sales.reconciliations", day),
                lambda: operations.reconcile_days(world.settings, DayRange(day, day)),
                lambda: inbox.run(requests.CHECK_STATE),
            ),
        )


def _sql(world: SystemUnderTest, statement: str, day: date) -> None:
    with world.warehouse.session() as session:
        session.run(f"{statement} where invoice_date = %s", [day])
        session.commit()


def _ticks(instance: dg.DagsterInstance, status: TickStatus, count: int) -> None:
    """Record ticks as the daemon does."""
    location = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("drill"), "repository")
    origin = RemoteInstigatorOrigin(location, _SENSOR)
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING)
    if instance.get_instigator_state(state.instigator_origin_id, state.selector_id) is None:
        instance.add_instigator_state(state)
    for _ in range(count):
        failed = status == TickStatus.FAILURE
        tick = TickData(
            state.instigator_origin_id,
            _SENSOR,
            InstigatorType.SENSOR,
            status,
            time.time(),
            error=SerializableErrorInfo("no such queue\n", [], None) if failed else None,
            selector_id=state.selector_id,
        )
        instance.create_tick(tick)
