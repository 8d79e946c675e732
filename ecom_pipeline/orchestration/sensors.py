"""Sensors: new raw objects, the other days of failed loads, and refreshes of the marts.

Which days are requested, in which runs, is decided in requests.py; alarms are in watch.py. With
S3 event notifications the cost of a tick depends on new objects only, not on the history. Polling
by `LastModified` loses objects (52 of 80 measured).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

import dagster as dg

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.shop import Shop
from ecom_pipeline.lake.notifications import (
    ForeignMessageError,
    Message,
    Notifications,
    raw_objects,
)
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.keys import RAW_EVENTS, SALES_REPORT
from ecom_pipeline.orchestration.logs import forwarded
from ecom_pipeline.orchestration.schedules import load_days
from ecom_pipeline.orchestration.watch import watch
from ecom_pipeline.warehouse import marts

MOST_MESSAGES = 200  # per tick; their receipt handles are the cursor


@dataclass(frozen=True, slots=True)
class Seen:
    """The content of messages: new objects and bytes by day, message ids by day, foreign messages.

    `foreign` has the id and the error of each message that is not an S3 event notification.
    """

    objects: Counter[date] = field(default_factory=Counter)
    bytes: Counter[date] = field(default_factory=Counter)
    messages: Mapping[date, set[str]] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)

    def run_key(self, span: DayRange) -> str:
        """Return the run key for a range: equal for the same messages when they are redelivered."""
        first, last = span
        ids = {id_ for day, ids in self.messages.items() if first <= day <= last for id_ in ids}
        fingerprint = sha256(" ".join(sorted(ids)).encode()).hexdigest()[:16]
        return f"{first}:{last}:{fingerprint}"


def read(messages: Sequence[Message]) -> Seen:
    """Decode messages; a foreign message is recorded and does not stop the others."""
    found: dict[date, set[str]] = {}
    seen = Seen(messages=found)
    for message in messages:
        try:
            objects = raw_objects(message.body)
        except ForeignMessageError as error:
            seen.foreign.append(f"{message.message_id}: {error}")
            continue
        for day, size in objects:
            seen.objects[day] += 1
            seen.bytes[day] += size
            found.setdefault(day, set()).add(message.message_id)
    return seen


@dg.sensor(
    job=load_days,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a load of each day before today that has new raw objects.",
)
def new_raw_objects(
    context: dg.SensorEvaluationContext,
    raw_notifications: dg.ResourceParam[Notifications],
    shop: dg.ResourceParam[Shop],
) -> dg.SensorResult | dg.SkipReason:
    """Request runs for the days of new objects; delete messages after their tick is committed.

    The cursor has the receipt handles of the previous tick. Dagster stores it together with the
    tick's run requests, so the messages are deleted only after that. If the cursor is lost, the
    messages are redelivered; a load is idempotent. Days of queued runs are not requested again.
    """
    raw_notifications.delete(json.loads(context.cursor or "[]"))
    messages = raw_notifications.receive(MOST_MESSAGES)
    if not messages:
        context.update_cursor("[]")
        return dg.SkipReason("no new raw object")
    with forwarded(context.log):
        seen = read(messages)
    days, too_early = requests.loadable(seen.objects, shop.first_day, shop.today())
    _warn(context, seen.foreign, too_early, shop.first_day)
    waiting = requests.waiting_days(context.instance)
    asked = [day for day in days if not requests.is_waiting(day, waiting)]
    return dg.SensorResult(
        run_requests=[requests.request(span, seen.run_key(span)) for span in requests.spans(asked)],
        asset_events=[_arrived(seen, day) for day in days],
        cursor=json.dumps([message.receipt for message in messages]),
    )


def _arrived(seen: Seen, day: date) -> dg.AssetMaterialization:
    metadata = {"new_objects": seen.objects[day], "new_bytes": seen.bytes[day]}
    return dg.AssetMaterialization(RAW_EVENTS, partition=day.isoformat(), metadata=metadata)


def _warn(
    context: dg.SensorEvaluationContext,
    foreign: Sequence[str],
    too_early: Sequence[date],
    first_day: date,
) -> None:
    for each in foreign:
        context.log.warning("not a notification of a raw object: %s", each)
    for day in too_early:
        context.log.warning(
            "%s is before the first partition, %s: its events stay in the raw lake and are not"
            " loaded; set ECOM_FIRST_DAY to include them",
            day,
            first_day,
        )


@dg.run_failure_sensor(
    request_job=load_days,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for the other days of a load that could not build some of its days.",
)
def other_days_of_failed_loads(context: dg.RunFailureSensorContext) -> Iterator[dg.RunRequest]:
    """Ask for the days that could be built, in runs without those that could not."""
    run = context.dagster_run
    span = requests.days_of_tags(dict(run.tags))
    _, spans = requests.remaining(span, context.get_step_failure_events())
    for each in spans:
        yield requests.request(each, f"{each.first}:{each.last}:without:{run.run_id}")


marts_follow = dg.AutomationConditionSensorDefinition(
    "marts_follow",
    target=dg.AssetSelection.groups(marts.SCHEMA) | dg.AssetSelection.assets(SALES_REPORT),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=10,
    description="Refreshes the marts after loads of the fact table, once for several loads, and "
    "writes the report again.",
)

ALL = [new_raw_objects, watch, other_days_of_failed_loads, marts_follow]
