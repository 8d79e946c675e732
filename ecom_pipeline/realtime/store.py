"""Kinesis -> DynamoDB: one item a line and one header an invoice, each put once.

A put is conditional on the key being free. When it is not, the item is read back and compared:
a redelivery (or our own put whose answer was lost) is equal and changes nothing; another content
under the same event id loses, and goes to quarantine. What the archive function quarantines
(rejected or unreadable records) is not touched here.
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

Line = tuple[str, Accepted, InvoiceLine]  # with the record's sequence number


def handler(event: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """Store a batch, and report the first of its records that the table was too busy for.

    Lambda keeps what comes before it and delivers again from there.
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
    """Keep each event whose id holds another content, and return how many there are."""
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
            continue  # the archive function sets it aside: each refusal has one owner
        if isinstance(record, Accepted) and line is not None:
            yield each.sequence, record, line
