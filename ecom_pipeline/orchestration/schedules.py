"""When the batch path runs by the clock."""

import dagster as dg

load_days = dg.define_asset_job("load_days", selection=dg.AssetSelection.all())

daily_load = dg.build_schedule_from_partitioned_job(
    load_days,
    name="daily_load",
    description="Yesterday's day, every morning at three by the shop's clock.",
    hour_of_day=3,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
