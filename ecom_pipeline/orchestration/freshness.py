"""Freshness policies: what must have been materialized by the morning.

A policy is of an asset, not of a day (Dagster 1.13, dagster#15551): a backfill of an old day counts
as fresh. Whether yesterday is there is asked by the check `yesterday_is_published` (current.py);
the policy shows an asset that nothing updates any more.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from ecom_pipeline.orchestration.keys import FACT_LINES, SALES_REPORT
from ecom_pipeline.warehouse import marts

# daily_load begins at 03:00, unless the sensor loaded the day after midnight; the marts and the
# report follow
_BY_HOUR = 8


def by_morning(spec: dg.AssetSpec, zone: ZoneInfo) -> dg.AssetSpec:
    """Return the spec of fact table, mart or report with its policy; others as they are."""
    if spec.key not in {FACT_LINES, SALES_REPORT} and spec.key.path[0] != marts.SCHEMA:
        return spec
    policy = dg.FreshnessPolicy.cron(f"0 {_BY_HOUR} * * *", timedelta(hours=_BY_HOUR), str(zone))
    return spec.replace_attributes(
        freshness_policy=policy,
        description=f"{spec.description} Fresh: materialized between midnight and"
        f" 0{_BY_HOUR}:00, by whichever day's load; `yesterday_is_published` asks for the day.",
    )
