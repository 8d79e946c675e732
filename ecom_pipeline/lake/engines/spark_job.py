# pyright: basic
# dagster_pipes has incomplete types.
"""The program that Spark runs: build the days of a Dagster run, and report each to Dagster.

The run's context is passed through Dagster Pipes, so the cluster needs no configuration.
"""

from dataclasses import replace
from datetime import date

from dagster_pipes import PipesContext, open_dagster_pipes

from ecom_pipeline import settings
from ecom_pipeline.lake.engines import UnbuiltDaysError
from ecom_pipeline.lake.engines.spark_engine import SparkEngine


def run(pipes: PipesContext) -> None:
    """Build the run's days with the settings of the process that launched it."""
    configured = replace(settings.load(pipes.get_extra("settings")), engine="spark")
    days = [date.fromisoformat(day) for day in pipes.get_extra("days")]
    try:
        for manifest, seconds, _ in SparkEngine(configured).build(days):
            pipes.log.info(f"{manifest.day}: {manifest.totals.rows:,} rows")
            pipes.report_custom_message({"day": manifest.day.isoformat(), "seconds": seconds})
    except UnbuiltDaysError as error:
        for day, reason in error.reasons.items():
            pipes.report_custom_message({"day": day.isoformat(), "unbuilt": reason})


if __name__ == "__main__":
    with open_dagster_pipes() as context:
        run(context)
