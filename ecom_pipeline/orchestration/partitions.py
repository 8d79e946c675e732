"""The daily partitions of the assets, from the first day in the settings."""

from datetime import date

import dagster as dg

from ecom_pipeline.domain.shop import ZONE


def daily(first_day: date) -> dg.DailyPartitionsDefinition:
    """Return daily partitions from `first_day` on, in the shop's time zone.

    No end date: with one, Dagster 1.13's "Plots > Partitions" stays blank. Saturdays are included,
    though the data set has none: an event of a Saturday needs a partition.
    """
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone=ZONE)


ANY_DAYS = daily(date(2010, 12, 1))
"""A placeholder; code_location.build replaces it by partitions from the settings' first day."""


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Return the days of a run: a single one, or all of its range."""
    return [date.fromisoformat(key) for key in context.partition_keys]
