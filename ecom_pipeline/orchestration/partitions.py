"""The partitions that assets share: the shop's days, from the first day of the settings."""

from datetime import date

import dagster as dg

from ecom_pipeline.domain.shop import ZONE


def daily(first_day: date) -> dg.DailyPartitionsDefinition:
    """Return a partition for each day.

    No end date: with one, Dagster 1.13's "Plots > Partitions" stays blank. Saturdays are not left
    out, though the data set has none: an event of a Saturday must have a partition to go to.
    """
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone=ZONE)


ANY_DAYS = daily(date(2010, 12, 1))
"""Marks an asset as one of days; code_location.build puts the settings' own in its place."""


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Return the days of a run: one, or all of its range."""
    return [date.fromisoformat(key) for key in context.partition_keys]
