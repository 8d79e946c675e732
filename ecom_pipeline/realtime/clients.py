"""The functions' boto3 clients and environment; made on first use, never at import."""

# pyright: basic
# boto3 carries no types; its clients are Any on purpose, here and nowhere else in this room.

import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=16,
)


@cache
def client(service: str) -> Any:
    """Return the function's one client of a service, kept between invocations."""
    return boto3.client(service, config=_CONFIG)


def env(name: str) -> str:
    """Return a variable that infra/template.yaml sets for this function."""
    return os.environ[name]
