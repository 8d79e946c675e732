"""domain.envelope: a round trip keeps all bytes; a damaged record is an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.envelope import Accepted, UnreadableError
from ecom_pipeline.domain.event import EventError
from ecom_pipeline_tests.builders import RECEIVED, accepted, payload, read_rejected


def test_an_accepted_event_keeps_its_json_as_sent():
    record = accepted(payload(UnitPrice=2.5))
    back = envelope.decode(envelope.encode(record))
    assert isinstance(back, Accepted)
    assert bytes(back.event) == bytes(record.event)
    assert envelope.line_of(back).event_id == "e-1"


@given(st.binary(max_size=300) | st.binary(max_size=20).map(lambda b: b * 9000))
def test_what_is_rejected_can_be_replayed_byte_for_byte(original):
    error = EventError("Quantity", "a number", "six")
    record = envelope.rejected(
        original, record="record 1", reason="invalid", received_at=RECEIVED, error=error
    )
    back = read_rejected(envelope.encode(record))
    assert envelope.original_bytes(back) == original
    assert len(envelope.encode(record)) < 6 * 64 * 1024 + len(original) * 4 / 3 + 1000


@pytest.mark.parametrize("data", [b"", b"{}", b"null", b'{"status":"other"}', b"\xff"])
def test_a_foreign_line_is_unreadable(data):
    with pytest.raises(UnreadableError):
        envelope.decode(data)
