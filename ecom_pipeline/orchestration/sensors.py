"""Sensors: the decision is a plain function; the sensor only receives, asks and forgets.

Feeding on S3's notifications, a tick costs what is new, never the history; `LastModified` polling
loses objects (52 of 80 measured).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus

import dagster as dg

from ecom_pipeline.batch.notifications import Message, Notifications
from ecom_pipeline.domain import keys
from ecom_pipeline.orchestration.schedules import load_days

MOST_MESSAGES = 200  # a tick; their receipts are the cursor


def plan(messages: Sequence[Message]) -> dict[date, str]:
    """Return the days that new raw objects belong to, each with a key of what asks for it.

    The same messages, delivered again, make the same key: Dagster then asks once.
    """
    asked: dict[date, list[str]] = {}
    for message in messages:
        for key in _object_keys(message.body):
            if key.startswith(keys.RAW):
                asked.setdefault(keys.day_of(key), []).append(message.message_id)
    return {
        day: f"{day}:{sha256(' '.join(sorted(set(ids))).encode()).hexdigest()[:16]}"
        for day, ids in sorted(asked.items())
    }


def _object_keys(body: str) -> list[str]:
    """Return the keys in one S3 notification; S3's own test message has none."""
    found: Mapping[str, Any] = json.loads(body)
    return [unquote_plus(each["s3"]["object"]["key"]) for each in found.get("Records", [])]


@dg.sensor(
    job=load_days,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for each day that has a new raw object.",
)
def new_raw_objects(
    context: dg.SensorEvaluationContext, raw_notifications: dg.ResourceParam[Notifications]
) -> dg.SensorResult | dg.SkipReason:
    """Ask for the days of new objects; forget a message once the tick that asked is committed.

    The cursor holds the receipts of the tick before: that it can be read says that its requests
    were kept, so only then are its messages deleted. A lost cursor asks again, and a load of
    what is loaded changes nothing.
    """
    raw_notifications.delete(json.loads(context.cursor or "[]"))
    messages = raw_notifications.receive(MOST_MESSAGES)
    if not messages:
        context.update_cursor("[]")
        return dg.SkipReason("no new raw object")
    requests = [
        dg.RunRequest(run_key=run_key, partition_key=day.isoformat())
        for day, run_key in plan(messages).items()
    ]
    cursor = json.dumps([message.receipt for message in messages])
    return dg.SensorResult(run_requests=requests, cursor=cursor)
