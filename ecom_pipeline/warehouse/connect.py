# pyright: basic
# redshift_connector carries no types.
"""The warehouse from settings; what it is loaded from comes from lake/connect.py."""

from typing import Any

import msgspec
import redshift_connector

from ecom_pipeline.lake.connect import catalog, client, lake, notifications
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse.session import STATEMENT_SECONDS, Warehouse

__all__ = ["catalog", "client", "lake", "notifications", "warehouse"]


class _Secret(msgspec.Struct):
    """What a secret of Redshift's holds, as far as a connection needs it."""

    host: str
    username: str
    password: str
    port: int = 5439


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
