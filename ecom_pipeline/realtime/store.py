"""Kinesis -> DynamoDB: one item a line and one header an invoice, each put once.

A put is conditional on the key being free. When it is not, the item is read back and compared:
a redelivery (or our own put whose answer was lost) is equal and changes nothing; another content
under the same event id loses, and goes to quarantine. What the archive function quarantines
(rejected or unreadable records) is not touched here.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.envelope import Accepted, UnreadableError
from ecom_pipeline.domain.event import EventError, InvoiceLine, digest
from ecom_pipeline.realtime import lake, table
from ecom_pipeline.realtime.log import fact
from ecom_pipeline.realtime.stream import batch_of


def handler(event: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Store a batch; returning says that each of its events is in the table or in quarantine."""
    batch = batch_of(event)
    accepted = list(_accepted(record.data for record in batch.records))
    lines = [line for _, line in accepted]
    standing = table.put_lines(lines)
    table.put_headers(lines)  # after the lines: a header that can be seen has some
    conflicts = 0
    for record, line in accepted:
        ours = digest(line.row())
        if standing[table.key_of(line)] != ours:
            key = keys.conflict_key(record.received_at.date(), line.event_id, ours)
            lake.write(key, [envelope.conflict(record)])
            conflicts += 1
    fact("stored", records=len(batch.records), lines=len(standing), conflicts=conflicts)
    return {"batchItemFailures": []}


def _accepted(data: Iterable[bytes]) -> Iterator[tuple[Accepted, InvoiceLine]]:
    for each in data:
        try:
            record = envelope.decode(each)
            if isinstance(record, Accepted):
                yield record, envelope.line_of(record)
        except (UnreadableError, EventError):
            continue  # the archive function sets it aside: each refusal has one owner
