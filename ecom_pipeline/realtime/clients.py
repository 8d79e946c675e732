"""The functions' boto3 clients and environment; made on first use, never at import."""

# pyright: basic
# boto3 carries no types; its clients are Any on purpose, here and nowhere else in this room.

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
    """Return the function's client of a service, kept between invocations.

    Who asks again within the invocation's time (retry.py) takes one with a single attempt: the
    SDK's own pauses, up to 15 s in five attempts, know no deadline.
    """
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(service, config=_CONFIG.merge(Config(retries=retries)))


def answer_of(call: Callable[..., Any], **request: object) -> Any | None:
    """Call AWS once; None when it was too busy or its answer was lost: ask again."""
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
    """Return a variable that infra/template.yaml sets for this function."""
    return os.environ[name]
