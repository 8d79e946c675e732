"""Handlers run in this process as Lambda runs them, on a local AWS, with a meter on boto3.

The handlers and their calls are real. The times are this machine's, and the deliveries are always
full, so that two runs make the same calls.
"""

import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from decimal import Decimal
from math import ceil
from typing import Any, TypeVar

import boto3

from bench.original import functions as original
from ecom_pipeline.cost.meter import Meter
from ecom_pipeline.cost.units import GB
from ecom_pipeline.cost.usage import Usage
from ecom_pipeline.lake.connect import client
from ecom_pipeline.local.drill import functions
from ecom_pipeline.local.poller import records
from ecom_pipeline.settings import Settings

Handler = Callable[[dict[str, Any], Any], Any]
Metric = tuple[str, str]  # a function, and a metric's name
_T = TypeVar("_T")

_LOGGED = 26  # bytes that CloudWatch bills for a line in addition to its text
# Lambda's own log lines of an invocation
_PLATFORM = (
    "START RequestId: 8f507cfc-6cf4-4697-b07a-ac58fc914c95 Version: $LATEST",
    "END RequestId: 8f507cfc-6cf4-4697-b07a-ac58fc914c95",
    "REPORT RequestId: 8f507cfc-6cf4-4697-b07a-ac58fc914c95\tDuration: 15.74 ms\t"
    "Billed Duration: 16 ms\tMemory Size: 512 MB\tMax Memory Used: 100 MB\t",
)


class Functions:
    """Calls handlers; memory is that of the deployed function, from the template."""

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self._lambdas, self._meter = client(settings, "lambda"), meter
        self._memory: dict[str, int] = {}
        self.metrics: set[Metric] = set()

    def call(self, name: str, handler: Handler, event: dict[str, Any]) -> Usage:
        """Return the usage of one invocation: its calls, its time and its log."""
        megabytes = self._megabytes(name)
        self._meter.take()
        said = io.StringIO()
        began = time.perf_counter()
        with redirect_stdout(said):
            handler(event, None)
        milliseconds = ceil((time.perf_counter() - began) * 1000)  # as AWS bills
        lines = said.getvalue().splitlines()
        self._note(name, lines)
        self._meter.add(
            {
                "lambda_requests": Decimal(1),
                "lambda_gb_seconds": Decimal(milliseconds * megabytes) / 1000 / 1024,
                "log_gb": log_gb((*_PLATFORM, *lines)),
            }
        )
        return self._meter.take()

    def _megabytes(self, name: str) -> int:
        if name not in self._memory:
            found = self._lambdas.get_function_configuration(FunctionName=name)
            self._memory[name] = found["MemorySize"]
        return self._memory[name]

    def _note(self, name: str, lines: Sequence[str]) -> None:
        for line in lines:
            for directive in json.loads(line).get("_aws", {}).get("CloudWatchMetrics", ()):
                self.metrics |= {(name, metric["Name"]) for metric in directive["Metrics"]}


@contextmanager
def metered(settings: Settings) -> Iterator[tuple[Meter, Functions]]:
    """Count the calls of all clients in this context, including those of the functions."""
    with functions.environment(settings):
        boto3.setup_default_session()
        original.client.cache_clear()
        with Meter().on(boto3.DEFAULT_SESSION.events) as meter:  # type: ignore[union-attr]
            yield meter, Functions(settings, meter)
    boto3.setup_default_session()


def delivered(settings: Settings, stream: str) -> Iterator[list[dict[str, Any]]]:
    """Yield each shard's records, as in Lambda's event."""
    kinesis = client(settings, "kinesis")
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"][
        "StreamARN"
    ]
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        origin = records.Origin(shard=shard["ShardId"], stream_arn=arn, role_arn="")
        found: list[dict[str, Any]] = []
        at = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while (page := kinesis.get_records(ShardIterator=at))["Records"]:
            found += [json.loads(records.record(each, origin).body) for each in page["Records"]]
            at = page["NextShardIterator"]
        yield found


def chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Yield items, `size` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def log_gb(lines: Sequence[str]) -> Decimal:
    """Return the billed GB of lines ingested into a log."""
    return Decimal(sum(len(line.encode()) + _LOGGED for line in lines)) / GB
