"""The sensor of the running day, which exists only if ECOM_INTRADAY_MINUTES is set.

A tick lists two days in S3 and reads their manifests; it does not wake the warehouse. What a failed
load left is found by the next new object, and after the day's end by `daily_load` and the sweep.
"""

from datetime import date, timedelta

import dagster as dg

from ecom_pipeline.domain.running import RunningDays
from ecom_pipeline.domain.shop import Shop
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.logs import forwarded
from ecom_pipeline.orchestration.schedules import load_days


def running_day(
    context: dg.SensorEvaluationContext,
    lake: dg.ResourceParam[Lake],
    shop: dg.ResourceParam[Shop],
) -> dg.SensorResult | dg.SkipReason:
    """Request runs for today, if it has new raw objects, and for yesterday once it is over."""
    if lake.running is None:
        return dg.SkipReason("ECOM_INTRADAY_MINUTES is not set")
    with forwarded(context.log):
        found = due(lake, lake.running)
    waiting = requests.waiting_days(context.instance)
    days = [d for d in found if d >= shop.first_day and not requests.is_waiting(d, waiting)]
    if not days:
        return dg.SkipReason("no new raw object of today")
    minute = f"{lake.running.clock():%Y-%m-%dT%H:%M}"
    spans = requests.spans(days)
    return dg.SensorResult([requests.request(s, f"{s[0]}:{s[1]}:running:{minute}") for s in spans])


def due(lake: Lake, running: RunningDays) -> list[date]:
    """Return today if it has raw objects that its CSV lacks; yesterday if its CSV is too early."""
    today = running.today()
    yesterday = today - timedelta(days=1)
    days = [yesterday] if _ended(lake, running, yesterday) else []
    return [*days, today] if _grown(lake, today) else days


def _ended(lake: Lake, running: RunningDays, day: date) -> bool:
    """Return whether the day is over, and its CSV was built before that."""
    if running.until(day) is not None:
        return False
    try:
        manifest = partition.read_manifest(lake, day)
    except ManifestError:
        return True
    return manifest is not None and manifest.running_until is not None


def _grown(lake: Lake, day: date) -> bool:
    objects = lake.raw.objects_of(day)
    try:
        manifest = partition.read_manifest(lake, day)
    except ManifestError:  # a build replaces it
        return True
    return bool(partition.unread(manifest, objects) if manifest else objects)


def sensors(minutes: int | None) -> list[dg.SensorDefinition]:
    """Return the sensor with its interval; none without an interval."""
    if minutes is None:
        return []
    made = dg.sensor(
        job=load_days,
        minimum_interval_seconds=60 * minutes,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Loads the running day every {minutes} minutes if it has new raw objects, and"
        " once more when it is over.",
    )
    return [made(running_day)]
