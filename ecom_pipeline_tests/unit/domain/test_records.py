"""domain.envelope and domain.ndjson: what travels comes back, or says that it is damaged."""

import gzip
import zlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from ecom_pipeline.domain import envelope, ndjson
from ecom_pipeline.domain.envelope import Accepted, UnreadableError
from ecom_pipeline.domain.event import EventError
from ecom_pipeline_tests.builders import RECEIVED, accepted, payload


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
    back = envelope.decode(envelope.encode(record))
    assert envelope.original_bytes(back) == original
    assert len(envelope.encode(record)) < 6 * 64 * 1024 + len(original) * 4 / 3 + 1000


@pytest.mark.parametrize("data", [b"", b"{}", b"null", b'{"status":"other"}', b"\xff"])
def test_a_foreign_line_is_unreadable(data):
    with pytest.raises(UnreadableError):
        envelope.decode(data)


def packed(rows=3):
    return ndjson.pack(accepted(payload(event_id=f"e-{n}")) for n in range(rows))


def test_the_same_records_make_the_same_bytes():
    assert packed() == packed()


@pytest.mark.parametrize("library", [zlib, isal_zlib])
def test_an_object_gives_its_lines_back(library):
    found = packed()
    lines = list(ndjson.unpack("key", found.body, found.metadata, library))
    assert [envelope.decode(line).event_id for line in lines] == ["e-0", "e-1", "e-2"]


@pytest.mark.parametrize("cut", [1, 8, 40])
def test_an_object_cut_short_is_refused(cut):
    found = packed()
    with pytest.raises(ndjson.DamagedObjectError, match="key"):
        list(ndjson.unpack("key", found.body[:-cut], found.metadata))


@pytest.mark.parametrize("library", [zlib, isal_zlib])
@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-9], lambda b: b[:30] + b"!" + b[31:], lambda _: b"{}"]
)
def test_an_object_that_was_written_damaged_is_refused(spoil, library):
    found = packed()
    body = spoil(found.body)
    metadata = found.metadata | {"sha256": sha256(body).hexdigest()}
    with pytest.raises(ndjson.DamagedObjectError, match="key"):
        list(ndjson.unpack("key", body, metadata, library))


def test_an_object_cut_at_a_line_and_packed_again_is_refused():
    found = packed()
    shorter = gzip.compress(b"\n".join(gzip.decompress(found.body).split(b"\n")[:2]) + b"\n")
    with pytest.raises(ndjson.DamagedObjectError):
        list(ndjson.unpack("key", shorter, found.metadata))
