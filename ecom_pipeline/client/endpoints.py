"""Where an environment answers: its API for producers and for staff, and whether it does at all."""

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
_SECONDS = 2


class NotRunningError(EcomError):
    """Nothing answers where the settings say that the local AWS does."""


def producer(configured: Settings, url: str | None = None) -> Target:
    """Return where to post events: `url`, else the environment's own API.

    Raises:
        SettingsError: the address or the key is not known.
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
    """Return where staff ask, with ECOM_STAFF_TOKEN; locally somebody of the staff signs in.

    Raises:
        SettingsError: the address or the token is not known.
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
    """Raise NotRunningError when the stores are the local ones and one does not run."""
    silent = [name for name, answers in local_services(configured).items() if not answers]
    if silent:
        raise NotRunningError(
            f"the local AWS is not running ({', '.join(silent)}): run `ecom local up`"
        )


def local_services(configured: Settings) -> dict[str, bool]:
    """Return of each service of the local AWS whether it runs; of the real one, nothing.

    As the local AWS itself knows it, where the extra `local` is installed; else by what listens.
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
    """Return whether something accepts connections there, within two seconds."""
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError:
        return False
    return True


def _unknown(configured: Settings, *fields: str) -> EcomError:
    if configured.environment == settings.LOCAL.environment:
        return NotRunningError("the local AWS is not deployed: run `ecom local up`")
    wanted = " and ".join(variable(field) for field in fields)
    return SettingsError(f"set {wanted} (docs/deploy.md says where they come from)")
