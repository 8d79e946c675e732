"""A day's build with a meter on its AWS calls.

An engine's worker processes import this module, so it must not import Dagster (3 CPU seconds).
"""

from datetime import date

from ecom_pipeline.cost.meter import Meter
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.engines import Built, build_day
from ecom_pipeline.lake.rows import Reader


def metered(lake: Lake, day: date, read: Reader) -> Built:
    """Build a day, and count its S3 calls, in the process that makes them."""
    with Meter().on(lake.s3.meta.events) as meter:
        built = build_day(lake, day, read)
    return built._replace(usage=meter.take())
