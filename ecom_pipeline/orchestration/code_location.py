"""The code location: all assets, jobs, schedules, sensors and resources of Dagster."""

import dagster as dg

from ecom_pipeline import settings
from ecom_pipeline.orchestration import (
    assets,
    current,
    freshness,
    logs,
    running,
    schedules,
    sensors,
)
from ecom_pipeline.orchestration.partitions import daily
from ecom_pipeline.orchestration.resources import resources_for


def build(configured: settings.Settings) -> dg.Definitions:
    """Return the Dagster definitions for one environment; tests pass their own settings."""
    logs.print_as(configured.log_format)
    days = daily(configured.shop, running_day=configured.running_days is not None)
    return dg.Definitions(
        assets=dg.map_asset_specs(
            lambda spec: freshness.by_morning(
                spec.replace_attributes(partitions_def=days) if spec.partitions_def else spec,
                configured.time_zone,
            ),
            assets.ALL,
        ),
        asset_checks=current.ALL,
        jobs=schedules.JOBS,
        schedules=schedules.of(configured.time_zone),
        sensors=[*sensors.ALL, *running.sensors(configured.intraday_minutes)],
        resources=resources_for(configured),
        # a day takes a second; a process for each step would add 1.5 CPU seconds a step
        executor=dg.in_process_executor,
    )
