"""Kinesis -> DynamoDB: one item per line and one header per invoice, by conditional puts.

A put succeeds only if the key is free. If it is taken, the item is read back and compared: after a
redelivery (or a put whose response was lost) it is equal and nothing changes. Different content
under the same event id goes to quarantine: first write wins. Rejected and unreadable records are
skipped here; the archive function quarantines them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.envelope import Accepted, UnreadableError
from ecom_pipeline.domain.event import EventError, InvoiceLine
from ecom_pipeline.realtime import lake, table
from ecom_pipeline.realtime.item_shape import key_of
from ecom_pipeline.realtime.metrics import Invocation
from ecom_pipeline.realtime.retry import deadline_of
from ecom_pipeline.realtime.stream import Delivered, batch_of
from ecom_pipeline.realtime.table import Stored

_RESERVE_MS = 10_000

Line = tuple[str, Accepted, InvoiceLine]  # sequence number, record, event


def handler(event: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """Store a batch; report the first record that was not stored in time as a batch item failure.

    Lambda checkpoints before that record and redelivers from there.
    """
    invocation = Invocation("store", context)
    batch = batch_of(event)
    lines = list(_lines(batch.records))
    stored = table.store(
        [(line, record.received_at) for _, record, line in lines],
        deadline_of(context, reserve_ms=_RESERVE_MS),
    )
    conflicts = _quarantine(lines, stored)
    failed = [number for number, _, line in lines if key_of(line) not in stored.stored_digests]
    settled = len(lines) - len(failed)
    figures = {
        "Stored": sum(key in stored.stored_digests for key in stored.new),
        "Conflicts": conflicts,
        "Failed": len(failed),
    }
    figures["Redelivered"] = settled - figures["Stored"] - conflicts
    invocation.report("stored", figures, records=len(batch.records), shard=batch.shard)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed[:1]]}


def _quarantine(lines: Iterable[Line], stored: Stored) -> int:
    """Quarantine each event whose id is taken by different content, and return their number."""
    conflicts = 0
    for _, record, line in lines:
        row_digest = digest(line.row())
        if stored.stored_digests.get(key_of(line), row_digest) != row_digest:
            key = keys.conflict_key(record.received_at.date(), line.event_id, row_digest)
            lake.write(key, [envelope.conflict(record)])
            conflicts += 1
    return conflicts


def _lines(delivered: Iterable[Delivered]) -> Iterator[Line]:
    for each in delivered:
        try:
            record, line = envelope.event_of(each.data)
        except (UnreadableError, EventError):
            continue  # the archive function quarantines it: one function for each kind of refusal
        if isinstance(record, Accepted) and line is not None:
            yield each.sequence, record, line
