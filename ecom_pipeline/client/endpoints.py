"""Endpoints of an environment: its API for producers and staff, and checks of local services."""

import socket
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from ecom_pipeline import settings
from ecom_pipeline.client import local_extra, sign_in
from ecom_pipeline.client.events_api import Target
from ecom_pipeline.client.query_api import QueryApi
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.settings import Settings, SettingsError, variable

_LOOPBACK = "127.0.0.1"
_SECONDS = 2  # timeout of a connection


class NotRunningError(EcomError):
    """A service of the local AWS is not running, or is not deployed."""


def producer(configured: Settings, url: str | None = None) -> Target:
    """Return the target for posting events: `url`, or the environment's API by default.

    Raises:
        SettingsError: the URL or the key is not known, and the environment is not local.
        NotRunningError: the local AWS is not deployed.
    """
    known = settings.with_outputs(configured)
    api_url, key = (
        url or known.api_url,
        settings.api_key() or settings.outputs(known).get("api_key"),
    )
    if api_url is None or key is None:
        raise _unknown(configured, "api_url", "api_key")
    return Target(url=api_url, api_key=key)


def query_api(configured: Settings) -> QueryApi:
    """Return the query API for staff, with ECOM_STAFF_TOKEN or, locally, a new token.

    Raises:
        SettingsError: the URL or the token is not known, and the environment is not local.
        NotRunningError: the local AWS is not running or not deployed.
    """
    known = settings.with_outputs(configured)
    token = settings.staff_token() or _local_token(known)
    if known.api_url is None or token is None:
        raise _unknown(configured, "api_url", "staff_token")
    return QueryApi(known.api_url, token)


def _local_token(configured: Settings) -> str | None:
    require(configured)
    try:
        return sign_in.local_staff(configured)
    except ClientError as error:
        raise NotRunningError(f"the local user pool: {error}; run `ecom local up`") from error


def require(configured: Settings) -> None:
    """Check that the local AWS is running, if the settings use it.

    Raises:
        NotRunningError: one of its services is not running.
    """
    silent = [name for name, answers in local_services(configured).items() if not answers]
    if silent:
        raise NotRunningError(
            f"the local AWS is not running ({', '.join(silent)}): run `ecom local up`"
        )


def local_services(configured: Settings) -> dict[str, bool]:
    """Return whether each service of the local AWS is running, by name; empty for the real AWS.

    If the extra `local` is installed, from the local AWS's own state; else by open ports.
    """
    if configured.endpoint_url is None:
        return {}
    known = local_extra.running()
    if known is not None and configured.environment == settings.LOCAL.environment:
        return known(configured)
    aws = urlsplit(configured.endpoint_url)
    warehouse = configured.redshift_host or _LOOPBACK
    return {
        "aws": listens(aws.hostname or _LOOPBACK, aws.port or 80),
        "redshift": listens(warehouse, configured.redshift_port),
    }


def listens(host: str, port: int) -> bool:
    """Return whether the port accepts a connection within two seconds."""
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError:
        return False
    return True


def _unknown(configured: Settings, *fields: str) -> EcomError:
    if configured.environment == settings.LOCAL.environment:
        return NotRunningError("the local AWS is not deployed: run `ecom local up`")
    wanted = " and ".join(variable(field) for field in fields)
    return SettingsError(f"set {wanted} (see docs/deploy.md)")
