"""The code location: the one list of all that Dagster sees."""

import dagster as dg

from ecom_pipeline import settings
from ecom_pipeline.orchestration import assets, schedules, sensors
from ecom_pipeline.orchestration.partitions import daily
from ecom_pipeline.orchestration.resources import resources_for


def build(configured: settings.Settings) -> dg.Definitions:
    """Assemble the pipeline for one environment; tests call it with their own settings."""
    days = daily(configured.first_day)
    return dg.Definitions(
        assets=dg.map_asset_specs(
            lambda spec: (
                spec.replace_attributes(partitions_def=days) if spec.partitions_def else spec
            ),
            assets.ALL,
        ),
        jobs=schedules.JOBS,
        schedules=schedules.ALL,
        sensors=sensors.ALL,
        resources=resources_for(configured),
        # a day is a second of work; a process for each step would cost 1.5 CPU seconds each
        executor=dg.in_process_executor,
    )
