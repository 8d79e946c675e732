"""The code location uses the settings that it is built with, not the process's environment."""

from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from ecom_pipeline import definitions
from ecom_pipeline.orchestration import requests
from ecom_pipeline.settings import LOCAL


def test_partitions_and_schedules_are_of_the_settings_shop():
    tokyo = ZoneInfo("Asia/Tokyo")
    defs = definitions.build(replace(LOCAL, first_day=date(2020, 1, 1), time_zone=tokyo))
    found: list[Any] = [
        spec.partitions_def
        for spec in defs.resolve_all_asset_specs()
        if isinstance(spec.partitions_def, dg.DailyPartitionsDefinition)
    ]
    found.append(defs.resolve_job_def(requests.LOAD_DAYS).partitions_def)
    assert {(days.get_first_partition_key(), days.timezone) for days in found} == {
        ("2020-01-01", "Asia/Tokyo")
    }
    schedules = defs.get_repository_def().schedule_defs
    assert len(schedules) == 5
    assert {each.execution_timezone for each in schedules} == {"Asia/Tokyo"}
