"""Kinesis -> S3: each batch becomes one raw object an event date, and one of quarantine.

The keys come from the batch's shard and sequence numbers, so a redelivered batch overwrites
itself. Nothing is acknowledged before it is written: an error fails the whole batch.
"""

from collections import defaultdict
from typing import Any

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.envelope import Accepted, Record, UnreadableError
from ecom_pipeline.domain.event import EventError
from ecom_pipeline.realtime import lake
from ecom_pipeline.realtime.metrics import Invocation
from ecom_pipeline.realtime.stream import Batch, Delivered, batch_of


def handler(event: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """Write a batch; returning says that all of it is safe in S3."""
    invocation = Invocation("archive", context)
    batch = batch_of(event)
    objects: dict[str, list[Record]] = defaultdict(list)
    for delivered in batch.records:
        key, record = _place(delivered, batch)
        objects[key].append(record)
    for key, records in objects.items():
        lake.write(key, records)
    archived = sum(isinstance(each, Accepted) for records in objects.values() for each in records)
    figures = {"Archived": archived, "Quarantined": len(batch.records) - archived}
    invocation.report("archived", figures | {"Objects": len(objects)}, shard=batch.shard)
    return {"batchItemFailures": []}


def _place(delivered: Delivered, batch: Batch) -> tuple[str, Record]:
    """Return the key and the record that one record of the stream becomes."""
    try:
        record, line = envelope.event_of(delivered.data)
        if line is not None:
            return keys.raw_key(line.invoice_date, *batch.span), record
    except (UnreadableError, EventError) as error:
        record = _quarantine(delivered, batch, error)
    return keys.quarantine_key(record.received_at.date(), *batch.span), record


def _quarantine(delivered: Delivered, batch: Batch, error: UnreadableError | EventError) -> Record:
    known = isinstance(error, EventError)
    return envelope.rejected(
        delivered.data,
        record=f"{batch.shard}:{delivered.sequence}",
        reason="invalid" if known else "unreadable",
        received_at=batch.arrived,
        error=error if known else EventError("", "a record of the ingest function", str(error)),
    )
