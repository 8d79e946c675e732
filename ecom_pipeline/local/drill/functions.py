"""The Lambda handlers, run in this process against the local system, or through a proxy to it.

They use real boto3 over HTTP. Their log goes to a file.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from ecom_pipeline.local.drill.http_proxy import Proxy, Rule
from ecom_pipeline.realtime.clients import client
from ecom_pipeline.realtime.item_shape import INDEX
from ecom_pipeline.settings import Settings, aws_environment

STREAM = "event-ingest"


class Hurry:
    """A Lambda context with little time left: handlers soon stop retrying."""

    def get_remaining_time_in_millis(self) -> int:
        return 10_300  # ms; ingest reserves 8 s of it for its response, store 10 s


@contextmanager
def environment(settings: Settings) -> Iterator[None]:
    """Set the handlers' environment variables of infra/template.yaml within this context."""
    given = aws_environment(settings) | {
        "STREAM_NAME": STREAM,
        "TABLE_NAME": settings.table,
        "RAW_BUCKET": settings.raw_bucket,
        "CUSTOMER_INDEX": INDEX,
        "TIME_ZONE": str(settings.time_zone),
        "CURRENCY": str(settings.currency),
    }
    with _variables(given):
        yield


@contextmanager
def through(settings: Settings, rule: Rule) -> Iterator[None]:
    """Route the handlers' AWS calls through a rule."""
    with (
        Proxy(str(settings.endpoint_url), rule) as proxy,
        _variables({"AWS_ENDPOINT_URL": proxy.url}),
    ):
        yield


@contextmanager
def logged(settings: Settings) -> Iterator[None]:
    """Write the handlers' output to a file beside the services' logs."""
    with (settings.home / "log" / "functions.log").open("a") as log, redirect_stdout(log):
        yield


@contextmanager
def _variables(given: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    client.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        client.cache_clear()
