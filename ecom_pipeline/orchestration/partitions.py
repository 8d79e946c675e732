"""The partitions that assets share: the shop's days."""

from datetime import date

import dagster as dg

from ecom_pipeline import settings
from ecom_pipeline.domain.shop import ZONE

FIRST_DAY = settings.load().first_day

# No end date: with one, Dagster 1.13's "Plots > Partitions" stays blank. Saturdays are not left
# out, though the data set has none: an event of a Saturday must have a partition to go to.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), timezone=ZONE)


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Return the days of a run: one, or all of its range."""
    return [date.fromisoformat(key) for key in context.partition_keys]
