"""Kinesis -> S3: each batch becomes one raw object per invoice date, and one for quarantine.

The keys contain the batch's shard and sequence numbers, so a redelivered batch overwrites its
objects. An error fails the whole batch, so nothing is checkpointed before it is written.
"""

from collections import defaultdict
from typing import Any

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.envelope import Accepted, Record, UnreadableError
from ecom_pipeline.domain.event import EventError
from ecom_pipeline.realtime import clock, lake
from ecom_pipeline.realtime.metrics import Invocation
from ecom_pipeline.realtime.stream import Batch, Delivered, batch_of


def handler(event: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """Write a batch to S3; returning without an error acknowledges all of its records."""
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
    """Return the object key and the record to write for one record of the stream."""
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
        received_at=clock.local(batch.arrived),
        error=error if known else EventError("", "a record of the ingest function", str(error)),
    )
