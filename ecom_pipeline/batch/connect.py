# pyright: basic
# boto3 and redshift_connector carry no types; their clients are Any on purpose.
"""Clients of the batch side's stores, from settings: S3, Glue, Redshift, and any AWS service."""

from typing import Any

import boto3
import msgspec
import redshift_connector
from botocore.config import Config

from ecom_pipeline.batch.alarms import Alarms
from ecom_pipeline.batch.catalog import Catalog
from ecom_pipeline.batch.lake import Lake
from ecom_pipeline.batch.notifications import Notifications
from ecom_pipeline.batch.warehouse import STATEMENT_SECONDS, Warehouse
from ecom_pipeline.settings import Settings

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 6},
    max_pool_connections=32,
)


class _Secret(msgspec.Struct):
    """What a secret of Redshift's holds, as far as a connection needs it."""

    host: str
    username: str
    password: str
    port: int = 5439


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
    return Catalog(
        client(settings, "glue"),
        settings.glue_database,
        csv_bucket=settings.csv_bucket,
        raw_bucket=settings.raw_bucket,
    )


def notifications(settings: Settings) -> Notifications:
    """Return the queue of S3's notifications."""
    return Notifications(client(settings, "sqs"), settings.raw_queue)


def alarms(settings: Settings) -> Alarms:
    """Return the topic of alarms."""
    return Alarms(client(settings, "sns"), settings.alarm_topic)


def warehouse(settings: Settings) -> Warehouse:
    """Return Redshift, reached in the one way that the settings name.

    A Serverless workgroup or a provisioned cluster by IAM, or whatever a secret in Secrets Manager
    says: `{"host", "port", "username", "password"}`, as Redshift's own secrets are. The secret is
    read at each connection, so a rotation needs no restart. Locally a host that asks no password.
    """

    def connect() -> Any:
        return redshift_connector.connect(
            database=settings.redshift_database,
            timeout=STATEMENT_SECONDS,
            application_name="ecom_pipeline",
            **_address(settings),
        )

    return Warehouse(connect, settings.copy_role)


def _address(settings: Settings) -> dict[str, Any]:
    if settings.redshift_secret:
        return _secret(settings) | _tls(settings)
    if settings.redshift_workgroup:
        where = {"is_serverless": True, "serverless_work_group": settings.redshift_workgroup}
        return where | {"iam": True, "region": settings.region} | _tls(settings)
    if settings.redshift_cluster:
        where = {"cluster_identifier": settings.redshift_cluster, "group_federation": True}
        return where | {"iam": True, "region": settings.region} | _tls(settings)
    host = {"host": settings.redshift_host, "port": settings.redshift_port}
    return host | {"user": "ecom", "password": "", "ssl": False}


def _tls(settings: Settings) -> dict[str, Any]:
    """Return how the connection is kept private; the local stand-in has no certificate."""
    return {"sslmode": "verify-full"} if settings.endpoint_url is None else {"ssl": False}


def _secret(settings: Settings) -> dict[str, Any]:
    answer = client(settings, "secretsmanager").get_secret_value(SecretId=settings.redshift_secret)
    found = msgspec.json.decode(answer["SecretString"], type=_Secret)
    return {
        "host": found.host,
        "port": found.port,
        "user": found.username,
        "password": found.password,
    }
