# pyright: basic
# boto3 has no types; its clients are Any on purpose.
"""Clients from settings: any AWS service, the lake's buckets, the catalog, the notifications."""

from typing import Any

import boto3
from botocore.config import Config

from ecom_pipeline.lake import aws_retries
from ecom_pipeline.lake.buckets import CsvBucket, Lake, RawBucket
from ecom_pipeline.lake.catalog import Catalog
from ecom_pipeline.lake.notifications import Notifications
from ecom_pipeline.settings import Settings, SettingsError, variable

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": aws_retries.ATTEMPTS},
    max_pool_connections=32,
)


def client(settings: Settings, service: str, session: Any = boto3) -> Any:
    """Return a boto3 client; on AWS it uses boto3's default credential chain.

    The client's own retries are logged.
    """
    made = session.client(
        service,
        region_name=settings.region,
        endpoint_url=settings.endpoint_url,
        aws_access_key_id=settings.emulator_key,
        aws_secret_access_key=settings.emulator_key,
        config=_CONFIG,
    )
    made.meta.events.register("needs-retry", aws_retries.log)
    return made


def lake(settings: Settings) -> Lake:
    """Return the lake's two buckets."""
    s3 = client(settings, "s3")
    csv = CsvBucket(s3, settings.csv_bucket, settings.object_link)
    return Lake(s3, RawBucket(s3, settings.raw_bucket), csv, settings.running_days)


def catalog(settings: Settings) -> Catalog:
    """Return the Glue database."""
    return Catalog(
        client(settings, "glue"),
        settings.glue_database,
        csv_bucket=settings.csv_bucket,
        raw_bucket=settings.raw_bucket,
    )


def notifications(settings: Settings) -> Notifications:
    """Return the SQS queue of S3's event notifications of raw objects."""
    return Notifications(client(settings, "sqs"), settings.raw_queue)


def failed_batches(settings: Settings) -> Notifications:
    """Return the SQS queue of S3's event notifications of failed batches.

    Raises:
        SettingsError: `failed_queue` is not set.
    """
    if settings.failed_queue is None:
        raise SettingsError(f"set {variable('failed_queue')} (see docs/deploy.md)")
    return Notifications(client(settings, "sqs"), settings.failed_queue)
