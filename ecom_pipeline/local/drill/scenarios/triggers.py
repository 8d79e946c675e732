"""Faults of triggers: notifications that are lost, duplicated or foreign, a lost sensor cursor.

The sensor and the sweep are the real ones, evaluated in this process.
"""

import json
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime

import dagster as dg

from ecom_pipeline.lake.notifications import Message, Notifications
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.system import SystemUnderTest
from ecom_pipeline.orchestration import requests, runs
from ecom_pipeline.orchestration.schedules import daily_sweep
from ecom_pipeline.orchestration.sensors import new_raw_objects
from ecom_pipeline.settings import LOCAL
from ecom_pipeline.warehouse import connect

GROUP = "triggers"

_SOON = 1  # visibility timeout in seconds, after which a message is received again
_FOREIGN = (
    "no JSON at all",
    '{"Records": 7}',
    '{"Records": [{"s3": {"object": {"key": "raw/x"}}}]}',
)


@fault(GROUP)
def a_sensor_without_its_cursor(world: SystemUnderTest) -> str:
    """The sensor's cursor is lost after a tick: it requests the day again, a no-op."""
    queue = _quiet_queue(world)
    day = world.day()
    world.arrive(day)
    _visible_again_after(queue, _SOON)
    first, _ = _tick(queue, None)
    world.load(day)
    time.sleep(_SOON + 0.2)
    second, cursor = _tick(queue, None)
    _tick(queue, cursor)
    require(day in first, f"the first tick requested {first}, not {day}")
    require(day in second, f"the tick without a cursor requested {second}, not {day}")
    world.load(day)
    world.must_be_version(day, 1)
    return "requested twice, loaded once: version 1"


@fault(GROUP)
def a_notification_comes_twice(world: SystemUnderTest) -> str:
    """S3's notification is delivered again after the load: nothing changes."""
    queue = _quiet_queue(world)
    day = world.day()
    world.arrive(day)
    (message,) = _waiting(queue, 1)
    for _ in range(2):
        queue.sqs.send_message(QueueUrl=_url(queue), MessageBody=message.body)
    queue.delete([message.receipt])
    asked, cursor = _tick(queue, None)
    require(asked == [day], f"two notifications of {day} requested {asked}")
    world.load(day)
    queue.sqs.send_message(QueueUrl=_url(queue), MessageBody=message.body)
    again, cursor = _tick(queue, cursor)
    require(again == [day], f"the late duplicate requested {again}")
    world.load(day)
    world.must_be_version(day, 1)
    _tick(queue, cursor)
    return "one run for both, a no-op for the late duplicate: version 1"


@fault(GROUP)
def a_notification_is_lost(world: SystemUnderTest) -> str:
    """An object's notification is lost: the sweep finds its day in the lake."""
    queue = _quiet_queue(world)
    day, _ = world.loaded_day()
    world.arrive(day)
    _drain(queue)
    asked, _ = _tick(queue, None)
    require(asked == [], f"the sensor requested {asked} without a message")
    found = _swept(world)
    require(day in found, f"the sweep requested {found}, not {day}")
    world.load(day)
    require(day not in _swept(world), "the sweep requested a day that is loaded")
    world.must_be_version(day, 2)
    return "the sensor requested nothing; the sweep requested the day, once"


@fault(GROUP)
def a_foreign_message(world: SystemUnderTest) -> str:
    """Messages that are no notifications are logged and deleted, and block no other."""
    queue = _quiet_queue(world)
    day = world.day()
    for body in _FOREIGN:
        queue.sqs.send_message(QueueUrl=_url(queue), MessageBody=body)
    world.arrive(day)
    asked, cursor = _tick(queue, None)
    require(asked == [day], f"the sensor requested {asked}, not {day}")
    _visible_again_after(queue, _SOON)
    _tick(queue, cursor)
    time.sleep(_SOON + 0.2)
    require(queue.receive(1) == [], "a foreign message is still on the queue")
    world.load(day)
    return f"{len(_FOREIGN)} foreign messages deleted, the day was requested"


def _quiet_queue(world: SystemUnderTest) -> Notifications:
    queue = connect.notifications(world.settings)
    _visible_again_after(queue, 300)
    _drain(queue)
    return queue


def _drain(queue: Notifications) -> None:
    while messages := queue.receive(200):
        queue.delete([each.receipt for each in messages])


def _waiting(queue: Notifications, count: int) -> Sequence[Message]:
    found = queue.receive(200)
    require(len(found) == count, f"{len(found)} notifications of {count} objects")
    return found


def _visible_again_after(queue: Notifications, seconds: int) -> None:
    queue.sqs.set_queue_attributes(
        QueueUrl=_url(queue), Attributes={"VisibilityTimeout": str(seconds)}
    )


def _url(queue: Notifications) -> str:
    return queue.sqs.get_queue_url(QueueName=queue.queue)["QueueUrl"]


def _tick(queue: Notifications, cursor: str | None) -> tuple[list[date], str | None]:
    """Evaluate the sensor once; return the days that it requests, and its cursor."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance,
            cursor=cursor,
            resources={"raw_notifications": queue, "shop": LOCAL.shop},
        )
        found = new_raw_objects(context)
        if isinstance(found, dg.SensorResult):
            return _days(found.run_requests or ()), found.cursor
        return [], json.dumps([])


def _swept(world: SystemUnderTest) -> list[date]:
    """Evaluate the sweep once; return the days that it requests."""
    resources = {"lake": world.lake, "warehouse": world.warehouse, "shop": LOCAL.shop}
    home = runs.local_instance_home(world.settings.home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=datetime.now(UTC)
        )
        found = daily_sweep(context, **resources)
        return _days(found) if isinstance(found, list) else []


def _days(asked: Sequence[dg.RunRequest]) -> list[date]:
    found: list[date] = []
    for each in asked:
        tags = dict(each.tags)
        if each.partition_key:
            tags[requests.PARTITION] = each.partition_key
        span = requests.days_of_tags(tags)
        found += span[:1] if span and span[0] == span[1] else span or ()
    return found
