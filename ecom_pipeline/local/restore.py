"""Restore DynamoDB from the raw lake after the emulator was killed.

The emulator persists S3 at once, but DynamoDB only on SIGTERM. The store function is idempotent,
so delivering the whole lake to it changes no item that exists.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.lake.connect import client
from ecom_pipeline.local.deploy import STACK
from ecom_pipeline.local.poller.records import Origin, event, record
from ecom_pipeline.local.processes import LocalError
from ecom_pipeline.settings import ACCOUNT_LOCAL, Settings
from ecom_pipeline.warehouse import connect

_BATCH = 500


def restore(settings: Settings, say: Callable[[str], None]) -> int:
    """Deliver every raw record to the store function and return how many there were.

    A damaged object is skipped and passed to `say`.

    Raises:
        LocalError: the store function failed.
    """
    functions = client(settings, "lambda")
    lines = _lines(settings, say)
    delivered = 0
    while batch := list(islice(lines, _BATCH)):
        payload = _delivery(batch, settings.region)
        answer = functions.invoke(FunctionName=f"{STACK}-store", Payload=payload)
        if "FunctionError" in answer:
            raise LocalError(f"DynamoDB could not be restored: {answer['Payload'].read()[:300]!r}")
        delivered += len(batch)
    return delivered


def _lines(settings: Settings, say: Callable[[str], None]) -> Iterator[bytes]:
    lake = connect.lake(settings)
    for day in lake.raw.days():
        for found in lake.raw.objects_of(day):
            try:
                yield from list(lake.raw.lines(found.key))
            except DamagedObjectError as error:
                say(f"skipped: {error}")


def _delivery(batch: Sequence[bytes], region: str) -> bytes:
    """Return lines as the payload of an event source mapping."""
    arn = f"arn:aws:kinesis:{region}:{ACCOUNT_LOCAL}:stream/raw-lake"
    origin = Origin(shard="shardId-restored", stream_arn=arn, role_arn="")
    now = datetime.now(UTC)
    read: list[dict[str, Any]] = [
        {
            "Data": line,
            "PartitionKey": "restored",
            "SequenceNumber": str(number),
            "ApproximateArrivalTimestamp": now,
        }
        for number, line in enumerate(batch)
    ]
    return event([record(raw, origin) for raw in read]).encode()
