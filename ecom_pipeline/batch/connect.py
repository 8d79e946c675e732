# pyright: basic
# boto3 and redshift_connector carry no types; their clients are Any on purpose.
"""Clients of the batch side's stores, from settings: S3, Glue, Redshift, and any AWS service."""

from functools import partial
from typing import Any

import boto3
import redshift_connector
from botocore.config import Config

from ecom_pipeline.batch.catalog import Catalog
from ecom_pipeline.batch.lake import Lake
from ecom_pipeline.batch.notifications import Notifications
from ecom_pipeline.batch.warehouse import Warehouse
from ecom_pipeline.settings import Settings

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 6},
    max_pool_connections=32,
)
_REDSHIFT_SECONDS = 900


def client(settings: Settings, service: str) -> Any:
    """Return a boto3 client; on AWS its credentials come from boto3's own chain."""
    return boto3.client(
        service,
        region_name=settings.region,
        endpoint_url=settings.endpoint_url,
        aws_access_key_id=settings.emulator_key,
        aws_secret_access_key=settings.emulator_key,
        config=_CONFIG,
    )


def lake(settings: Settings) -> Lake:
    """Return the lake's two buckets."""
    return Lake(
        client(settings, "s3"), settings.raw_bucket, settings.csv_bucket, settings.object_link
    )


def catalog(settings: Settings) -> Catalog:
    """Return the Glue database."""
    return Catalog(client(settings, "glue"), settings.glue_database, settings.csv_bucket)


def notifications(settings: Settings) -> Notifications:
    """Return the queue of S3's notifications."""
    return Notifications(client(settings, "sqs"), settings.raw_queue)


def warehouse(settings: Settings) -> Warehouse:
    """Return Redshift: a Serverless workgroup by IAM, or a local host that asks no password."""
    if settings.redshift_workgroup:
        where: dict[str, Any] = {
            "iam": True,
            "is_serverless": True,
            "serverless_work_group": settings.redshift_workgroup,
            "region": settings.region,
            "sslmode": "verify-full",
        }
    else:
        where = {
            "host": settings.redshift_host,
            "port": settings.redshift_port,
            "user": "ecom",
            "password": "",
            "ssl": False,
        }
    connect = partial(
        redshift_connector.connect,
        database=settings.redshift_database,
        timeout=_REDSHIFT_SECONDS,
        application_name="ecom_pipeline",
        **where,
    )
    return Warehouse(connect, settings.copy_role)
