"""The functions' boto3 clients and environment; created on first use, never at import."""

# pyright: basic
# boto3 has no types; its clients are Any on purpose, in this package only here.

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004

_CONFIG = Config(connect_timeout=2, read_timeout=5, max_pool_connections=16)
_BUSY = frozenset(
    {
        "InternalFailure",
        "InternalFailureException",
        "InternalServerError",
        "KMSThrottlingException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)
_SERVER_ERROR = 500


@cache
def client(service: str, attempts: int = 5) -> Any:
    """Return a boto3 client of a service, cached between invocations.

    Callers that retry until the invocation's deadline (retry.py) use one with a single attempt:
    the SDK's own backoff, up to 15 s in five attempts, has no deadline.
    """
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(service, config=_CONFIG.merge(Config(retries=retries)))


def answer_of(call: Callable[..., Any], **request: object) -> Any | None:
    """Call AWS once; return None after throttling, a server error or a lost response: retry."""
    try:
        return call(**request)
    except (ConnectionError, HTTPClientError):
        return None
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if error.response["Error"]["Code"] in _BUSY or status >= _SERVER_ERROR:
            return None
        raise


def env(name: str) -> str:
    """Return an environment variable that infra/template.yaml sets for this function."""
    return os.environ[name]
