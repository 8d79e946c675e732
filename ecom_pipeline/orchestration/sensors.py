"""Sensors: the decision is a plain function; the sensor only receives, asks and forgets.

Feeding on S3's notifications, a tick costs what is new, never the history; `LastModified` polling
loses objects (52 of 80 measured).
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

import dagster as dg

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.shop import today
from ecom_pipeline.lake.notifications import (
    ForeignMessageError,
    Message,
    Notifications,
    raw_objects,
)
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.alarms import Alarms
from ecom_pipeline.orchestration.keys import RAW_EVENTS, SALES_REPORT
from ecom_pipeline.orchestration.schedules import load_days
from ecom_pipeline.warehouse import marts

MOST_MESSAGES = 200  # a tick; their receipts are the cursor


@dataclass(frozen=True, slots=True)
class Seen:
    """What messages tell: the objects and bytes that each day has got, and what they mean to us."""

    objects: Counter[date] = field(default_factory=Counter)
    bytes: Counter[date] = field(default_factory=Counter)
    messages: Mapping[date, set[str]] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)

    def run_key(self, span: DayRange) -> str:
        """Return a key of what asks for these days: the same when it is delivered again."""
        first, last = span
        ids = {id_ for day, ids in self.messages.items() if first <= day <= last for id_ in ids}
        fingerprint = sha256(" ".join(sorted(ids)).encode()).hexdigest()[:16]
        return f"{first}:{last}:{fingerprint}"


def read(messages: Sequence[Message]) -> Seen:
    """Return what messages tell of new raw objects; one that can't be read stops no other."""
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
    description="Asks for each day before today that has a new raw object.",
)
def new_raw_objects(
    context: dg.SensorEvaluationContext,
    raw_notifications: dg.ResourceParam[Notifications],
    first_day: dg.ResourceParam[date],
) -> dg.SensorResult | dg.SkipReason:
    """Ask for the days of new objects; forget a message once the tick that asked is committed.

    The cursor holds the receipts of the tick before: that it can be read says that its requests
    were kept, so only then are its messages deleted. A lost cursor asks again, and a load of
    what is loaded changes nothing. A day that a waiting run has is not asked for again.
    """
    raw_notifications.delete(json.loads(context.cursor or "[]"))
    messages = raw_notifications.receive(MOST_MESSAGES)
    if not messages:
        context.update_cursor("[]")
        return dg.SkipReason("no new raw object")
    seen = read(messages)
    days, too_early = requests.loadable(seen.objects, first_day, today())
    _warn(context, seen.foreign, too_early, first_day)
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
            "%s is before the first partition, %s: its events stay in the raw lake and are loaded"
            " nowhere; set ECOM_FIRST_DAY to take them in",
            day,
            first_day,
        )


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the alarm topic of each run that failed; off where there is no topic.",
)
def failed_runs(context: dg.RunFailureSensorContext, alarms: dg.ResourceParam[Alarms]) -> None:
    """Say which run failed, of which days, why, and where to look."""
    run = context.dagster_run
    span = requests.days_of_tags(dict(run.tags))
    days = " to ".join(map(str, span)) if span else "no days"
    errors = [
        f"{event.step_key}: {event.step_failure_data.error_display_string.splitlines()[0]}"
        for event in context.get_step_failure_events()
    ]
    alarms.notify(
        f"ecom_pipeline: {run.job_name} failed ({days})",
        "\n".join(
            [
                f"Run {run.run_id} of {run.job_name}, {days}, failed.",
                *(errors or [context.failure_event.message or "no step says why"]),
                "The warehouse keeps the days' previous version. Look at the run in Dagster; once"
                f" its cause is gone, re-execute it, or run: ecom load {_argument(span)}",
            ]
        ),
    )


def _argument(span: DayRange | None) -> str:
    return ":".join(map(str, span)) if span else "A:B"


marts_follow = dg.AutomationConditionSensorDefinition(
    "marts_follow",
    target=dg.AssetSelection.groups(marts.SCHEMA) | dg.AssetSelection.assets(SALES_REPORT),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=10,
    description="Refreshes the marts after any load of the fact table, many loads at once, and "
    "writes the report anew.",
)

ALL = [new_raw_objects, failed_runs, marts_follow]
