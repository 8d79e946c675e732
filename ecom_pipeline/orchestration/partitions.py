"""The daily partitions of the assets, from the shop's first day on."""

from datetime import date

import dagster as dg

from ecom_pipeline.domain import shop
from ecom_pipeline.domain.shop import Shop


def daily(of: Shop, *, running_day: bool = False) -> dg.DailyPartitionsDefinition:
    """Return daily partitions from the shop's first day on, in its time zone.

    They end with yesterday, or with `running_day` today.

    No end date: with one, Dagster 1.13's "Plots > Partitions" stays blank. Saturdays are included,
    though the data set has none: an event of a Saturday needs a partition.
    """
    first, zone = of.first_day.isoformat(), str(of.time_zone)
    offset = 1 if running_day else 0
    return dg.DailyPartitionsDefinition(start_date=first, timezone=zone, end_offset=offset)


ANY_DAYS = daily(shop.DEFAULT)
"""A placeholder; code_location.build replaces it by the partitions of the settings' shop."""


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Return the days of a run: a single one, or all of its range."""
    return [date.fromisoformat(key) for key in context.partition_keys]
