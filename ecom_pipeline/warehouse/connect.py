# pyright: basic
# redshift_connector has no types.
"""The warehouse connection from settings; the lake's clients are in lake/connect.py."""

from dataclasses import replace
from typing import Any

import msgspec
import redshift_connector

from ecom_pipeline.lake import identity
from ecom_pipeline.lake.connect import catalog, client, lake, notifications
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse.attribution import UNKNOWN, Attribution
from ecom_pipeline.warehouse.session import STATEMENT_SECONDS, Warehouse

__all__ = ["catalog", "client", "lake", "notifications", "warehouse"]


class _Secret(msgspec.Struct):
    """The fields of a Redshift secret in Secrets Manager that a connection needs."""

    host: str
    username: str
    password: str
    port: int = 5439


def warehouse(settings: Settings, by: Attribution = UNKNOWN) -> Warehouse:
    """Return Redshift, connected as the settings configure; `by` has the run that uses it, if any.

    In this order: by a secret in Secrets Manager with host, port, username and password, the format
    of Redshift's own secrets; by IAM to a Serverless workgroup; by IAM to a provisioned cluster;
    locally to a host without a password. The secret is read at each connection, so a rotation
    needs no restart.
    """

    def connect() -> Any:
        return redshift_connector.connect(
            database=settings.redshift_database,
            timeout=STATEMENT_SECONDS,
            application_name="ecom_pipeline",
            **_address(settings),
        )

    by = replace(by, caller=lambda: identity.caller(settings))
    return Warehouse(connect, settings.copy_role, settings.shop, by)


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
    """Return the TLS parameters; the local stand-in for Redshift has no certificate."""
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
