"""Restore DynamoDB from the raw lake after the emulator was killed.

The emulator persists S3 at once, but DynamoDB only on SIGTERM. The store function is idempotent,
so delivering the whole lake to it changes no item that exists. Retractions are applied before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.envelope import UnreadableError
from ecom_pipeline.domain.event import EventError
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.domain.retraction import Retraction
from ecom_pipeline.lake import retractions
from ecom_pipeline.lake.buckets import Lake, ObjectInfo
from ecom_pipeline.lake.connect import client
from ecom_pipeline.local.deploy import STACK
from ecom_pipeline.local.poller.records import Origin, event, record
from ecom_pipeline.local.processes import LocalError
from ecom_pipeline.realtime.item_shape import (
    RETRACTED,
    Item,
    header_of,
    is_header,
    is_retracted,
    line_item,
)
from ecom_pipeline.settings import ACCOUNT_LOCAL, Settings
from ecom_pipeline.table import retract
from ecom_pipeline.table.connect import invoice_table
from ecom_pipeline.warehouse import connect

_BATCH = 500


def restore(settings: Settings, say: Callable[[str], None]) -> int:
    """Deliver every raw record to the store function and return how many there were.

    A damaged object is skipped and passed to `say`.

    Raises:
        LocalError: the store function failed.
    """
    retracted = _apply_retractions(settings)
    functions = client(settings, "lambda")
    lines = _lines(settings, say)
    delivered = 0
    while batch := list(islice(lines, _BATCH)):
        payload = _delivery(batch, settings.region)
        answer = functions.invoke(FunctionName=f"{STACK}-store", Payload=payload)
        if "FunctionError" in answer:
            raise LocalError(f"DynamoDB could not be restored: {answer['Payload'].read()[:300]!r}")
        delivered += len(batch)
    _mend_headers(settings, retracted)
    return delivered


def _lines(settings: Settings, say: Callable[[str], None]) -> Iterator[bytes]:
    lake = connect.lake(settings)
    for day in lake.raw.days():
        for found in retractions.events_in(lake.raw.objects_of(day)):
            try:
                yield from list(lake.raw.lines(found.key))
            except DamagedObjectError as error:
                say(f"skipped: {error}")


def _apply_retractions(settings: Settings) -> set[str]:
    """Put the lines that were ever retracted as they are now; return their invoices.

    The table may be older than a retraction.
    """
    invoices = set[str]()
    lake, dynamodb = connect.lake(settings), client(settings, "dynamodb")
    for day in lake.raw.days():
        objects = lake.raw.objects_of(day)
        latest = retractions.latest_in(lake, objects)
        lines = _intact(lake, retractions.events_in(objects)) if latest else ()
        for item in _items(lines, latest):
            retract.put(dynamodb, settings.table, item)
            invoices.add(keys.invoice_no_of(item["pk"]["S"]))
    return invoices


def _mend_headers(settings: Settings, invoices: set[str]) -> None:
    """Put the header of a line that stands where the table has a retracted line's.

    The store function does not: it puts a header only where there is none.
    """
    table = invoice_table(settings)
    for _, items in table.items(sorted(invoices)):
        header = next((item for item in items if is_header(item)), None)
        lines = [item for item in items if not is_header(item) and not is_retracted(item)]
        wanted = [header_of(line) for line in lines]
        if wanted and header not in wanted:
            retract.put(table.dynamodb, table.name, wanted[0])


def _intact(lake: Lake, objects: Iterable[ObjectInfo]) -> Iterator[bytes]:
    for found in objects:
        with suppress(DamagedObjectError):  # named when the object is delivered
            yield from list(lake.raw.lines(found.key))


def _items(lines: Iterable[bytes], latest: Mapping[str, Retraction]) -> Iterator[Item]:
    """Yield the items of a day's lines that have a retraction, as the latest one leaves them."""
    seen = set[str]()
    for line in lines:
        try:
            record, event = envelope.event_of(line)
        except (UnreadableError, EventError):
            continue  # the store function skips it, too
        if event is not None and event.event_id in latest and event.event_id not in seen:
            seen.add(event.event_id)  # the first content of an id stands
            last = latest[event.event_id]
            mark = {} if last.stands else {RETRACTED: {"S": last.cause}}
            yield line_item(event, record.received_at) | mark


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
