"""realtime: Lambda's deliveries of the stream, and the destination of each record."""

from datetime import date

import msgspec
import pytest

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.envelope import Accepted, Rejected
from ecom_pipeline.domain.event import EventError
from ecom_pipeline.realtime import archive, store
from ecom_pipeline.realtime.stream import Delivered, batch_of
from ecom_pipeline_tests.builders import RECEIVED, accepted, kinesis_event, payload

SHARD = "shardId-000000000003"
GOOD = envelope.encode(accepted(payload()))
REFUSED = envelope.encode(
    envelope.rejected(
        b"{}",
        record="record 1 of the request",
        reason="invalid",
        received_at=RECEIVED,
        error=EventError("Quantity", "a number", "six"),
    )
)
INVALID = envelope.encode(accepted(payload(Quantity=0)))
OTHERS_ID = envelope.encode(msgspec.structs.replace(accepted(payload()), event_id="e-2"))
POISON = b"\xff not a record"


def placed(data: bytes) -> tuple[str, envelope.Record]:
    """Return where archive puts a record that is delivered with others, and what it puts."""
    batch = batch_of(kinesis_event([GOOD, data, GOOD], shard="3", first=41))
    return archive._place(batch.records[1], batch)


def test_a_delivery_is_read_in_order_with_its_shard_and_its_first_moment():
    batch = batch_of(kinesis_event([b"a", b"", b"\xff"], shard="3", first=41))
    assert batch.records == (Delivered("41", b"a"), Delivered("42", b""), Delivered("43", b"\xff"))
    assert batch.span == (SHARD, "41", "43")
    assert batch.arrived == RECEIVED


def test_an_event_goes_to_its_own_day_under_the_batchs_name():
    key, record = placed(GOOD)
    assert key == f"raw/invoice_date=2010-12-01/{SHARD}-{'41'.zfill(56)}-{'43'.zfill(56)}.jsonl.gz"
    assert isinstance(record, Accepted)
    assert envelope.encode(record) == GOOD


@pytest.mark.parametrize(
    ("data", "reason", "field"),
    [(INVALID, "invalid", "Quantity"), (POISON, "unreadable", ""), (OTHERS_ID, "unreadable", "")],
)
def test_what_cannot_be_used_is_set_aside_with_its_bytes_its_place_and_its_fault(
    data: bytes, reason: str, field: str
):
    key, record = placed(data)
    assert key.startswith(f"quarantine/received_date={RECEIVED.date()}/{SHARD}-")
    assert isinstance(record, Rejected)
    assert (record.reason, record.field, record.record) == (reason, field, f"{SHARD}:42")
    assert envelope.original_bytes(record) == data


def test_what_was_refused_already_is_set_aside_as_it_is():
    key, record = placed(REFUSED)
    assert key.startswith(f"quarantine/received_date={RECEIVED.date()}/")
    assert envelope.encode(record) == REFUSED


def test_only_events_are_stored_and_what_else_comes_stops_none_of_them():
    batch = batch_of(kinesis_event([POISON, GOOD, REFUSED, OTHERS_ID, INVALID, GOOD], first=7))
    stored = [(number, line.invoice_date) for number, _, line in store._lines(batch.records)]
    assert stored == [("8", date(2010, 12, 1)), ("12", date(2010, 12, 1))]
