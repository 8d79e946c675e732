"""Dagster resources: the objects of lake and warehouse that assets use, built from settings.

Each is created when a run first needs it, so loading the definitions opens no connection.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg

from ecom_pipeline.orchestration import attribution, engines
from ecom_pipeline.orchestration.alarms import alarms
from ecom_pipeline.reconcile import connect as compared
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect
from ecom_pipeline.warehouse.gate import Gate


def resources_for(settings: Settings) -> dict[str, dg.ResourceDefinition]:
    """Return all resources; the keys are the same in every environment."""
    return {
        "shop": _resource(
            lambda: settings.shop,
            f"{settings.time_zone}, {settings.currency}, from {settings.first_day} on",
        ),
        "lake": _resource(
            lambda: connect.lake(settings),
            f"s3://{settings.raw_bucket}, s3://{settings.csv_bucket}",
        ),
        "engine": _resource(lambda: engines.engine_for(settings), settings.engine),
        "catalog": _resource(lambda: connect.catalog(settings), f"Glue {settings.glue_database}"),
        "warehouse": dg.ResourceDefinition(
            lambda context: connect.warehouse(settings, attribution.of(context.run)),
            description=f"Redshift {settings.redshift_workgroup or settings.redshift_host}",
        ),
        "gate": _resource(
            lambda: Gate(settings.load_bound),
            "no approval needed"
            if settings.load_bound is None
            else f"{settings.load_bound} of a day",
        ),
        "raw_notifications": _resource(
            lambda: connect.notifications(settings), f"SQS {settings.raw_queue}"
        ),
        "stores": _resource(
            lambda: lambda: compared.stores(settings), "raw lake, DynamoDB, CSV and fact table"
        ),
        "next_segment": _resource(
            lambda: lambda: compared.next_segment(settings),
            f"a segment of DynamoDB {settings.table}, and the stores",
        ),
        "watermark": _resource(
            lambda: lambda: compared.watermark(settings),
            f"in flight for {settings.in_flight_seconds} s after arrival",
        ),
        "alarms": _resource(
            lambda: alarms(settings),
            f"SNS {settings.alarm_topic or '(no topic)'}",
        ),
    }


def _resource(make: Callable[[], Any], description: str) -> dg.ResourceDefinition:
    return dg.ResourceDefinition(lambda _: make(), description=description)
