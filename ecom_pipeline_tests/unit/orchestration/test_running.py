"""The running day in Dagster: only with the option there is a sensor, and a partition of today."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ecom_pipeline import definitions
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.partitions import daily
from ecom_pipeline.settings import LOCAL

ON = replace(LOCAL, intraday_minutes=45)


def defined(configured):
    """Return all that the UI shows of the definitions, partitions aside, and the partitions."""
    found = definitions.build(configured)
    specs = sorted(found.resolve_all_asset_specs(), key=lambda each: each.key)
    shown = {
        "assets": [each.replace_attributes(partitions_def=None) for each in specs],
        "jobs": sorted(each.name for each in found.resolve_all_job_defs()),
        "schedules": [
            (each.name, each.cron_schedule, each.description, each.default_status)
            for each in found.get_repository_def().schedule_defs
        ],
        "resources": sorted(found.resources or {}),
    }
    sensors = {
        each.name: (each.minimum_interval_seconds, each.description)
        for each in found.get_repository_def().sensor_defs
    }
    days = {each.partitions_def for each in specs if each.partitions_def}
    days |= {found.resolve_job_def(requests.LOAD_DAYS).partitions_def}
    return shown, sensors, days


def test_without_the_option_nothing_is_defined_of_the_running_day():
    off, sensors, (days,) = defined(LOCAL)
    assert sensors.keys() == {
        "new_raw_objects",
        "watch",
        "other_days_of_failed_loads",
        "marts_follow",
    }
    assert days == daily(LOCAL.shop)
    on, more, (longer,) = defined(ON)
    assert on == off
    running = more.pop("running_day")
    assert more == sensors
    assert running[0] == 45 * 60
    assert longer == daily(LOCAL.shop, running_day=True)


@pytest.mark.parametrize("zone", ["Europe/London", "Africa/Cairo", "America/Havana"])
@pytest.mark.parametrize("change", ["2026-03-08", "2026-03-29", "2026-04-24", "2026-10-25"])
def test_the_last_partition_is_the_shops_today_on_days_of_23_and_25_hours(zone, change):
    shop = replace(LOCAL.shop, time_zone=ZoneInfo(zone), first_day=date(2026, 2, 1))
    first = datetime.fromisoformat(change).replace(tzinfo=UTC) - timedelta(hours=14, seconds=1)
    for minutes in range(0, 40 * 60, 30):
        now = first + timedelta(minutes=minutes)
        today = now.astimezone(shop.time_zone).date()
        with_today = daily(shop, running_day=True).get_partition_keys(current_time=now)
        assert with_today[-1] == today.isoformat()
        assert daily(shop).get_partition_keys(current_time=now) == with_today[:-1]
