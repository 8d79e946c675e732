"""domain.tombstone: a record without its customer, and tombstones without customer ids."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.event import EventError
from ecom_pipeline.domain.tombstone import (
    NONE,
    ModeOf,
    Tombstones,
    customer_digest,
    customer_in,
    redact,
)
from ecom_pipeline_tests.builders import RECEIVED, accepted, payload, read_accepted, read_rejected

SALT = b"salt"


def gone(mode: Any, customer: str = "17850") -> ModeOf:
    return lambda each: mode if each == customer else None


def line(**changes):
    return envelope.encode(accepted(payload(**changes)))


def left(raw: bytes, mode: str) -> bytes:
    """Return what is left of a record that is not to go as a whole."""
    found = redact(raw, gone(mode))
    assert found is not None
    return found


def refused(original: bytes, reason: Any = "invalid") -> bytes:
    error = EventError("", "an event", original.decode(errors="replace"))
    record = envelope.rejected(
        original, record="r", reason=reason, received_at=RECEIVED, error=error
    )
    return envelope.encode(record)


@pytest.mark.parametrize("sent", ["17850", "17850.0", 17850, 17850.0, " 17850 "])
def test_an_anonymous_event_is_a_guests_and_all_else_as_it_was_sent(sent):
    before = json.loads(line(CustomerID=sent, UnitPrice=2.5))
    after = json.loads(left(line(CustomerID=sent, UnitPrice=2.5), "anonymise"))
    assert after["event"].pop("CustomerID") is None
    before["event"].pop("CustomerID")
    assert after == before


def test_a_number_keeps_its_digits():
    raw = line().replace(b"2.55", b"2.5500")
    assert b"2.5500" in left(raw, "anonymise")


def test_a_deleted_event_is_none():
    assert redact(line(), gone("delete")) is None


@pytest.mark.parametrize("mode", ["anonymise", "delete"])
@pytest.mark.parametrize("sent", ["117850", "178500", None, "", "x"])
def test_another_customers_line_is_the_same_object(mode, sent):
    other = line(CustomerID=sent, StockCode="17850", Quantity=17850, event_id="17850")
    assert redact(other, gone(mode)) is other


def test_a_refused_event_loses_its_customer_too():
    event = json.dumps(payload(Quantity="six")).encode()
    found = read_rejected(left(refused(event), "anonymise"))
    assert json.loads(envelope.original_bytes(found))["CustomerID"] is None
    assert "17850" not in found.got
    assert redact(refused(event), gone("delete")) is None


def test_a_refused_record_of_the_stream_loses_its_customer_too():
    kept = refused(line(Quantity=0))
    found = read_rejected(left(kept, "anonymise"))
    assert read_accepted(envelope.original_bytes(found)).event_id == "e-1"
    assert b"17850" not in envelope.encode(found)
    assert redact(kept, gone("delete")) is None


@pytest.mark.parametrize("mode", ["anonymise", "delete"])
@pytest.mark.parametrize(
    "text",
    [
        b'[{"CustomerID": "17850", "Quantity": 1}, {"CustomerID": "2"',
        b'{"CustomerID":17850.0, nonsense',
        b'{"events": [{"CustomerID": "17850"}], "x": 1}',
    ],
)
def test_what_cannot_be_read_stays_without_the_customer(mode, text):
    found = read_rejected(left(refused(text, "not_json"), mode))
    assert b"17850" not in envelope.encode(found)
    assert b'"CustomerID"' in envelope.original_bytes(found)
    assert redact(refused(text), gone(mode, "1785")) == refused(text)


def test_what_is_kept_in_base64_is_looked_into():
    event = json.dumps(payload(Quantity="six")).encode() + b"\xff"
    kept = refused(event, "not_json")
    assert b"original_base64" in kept
    found = read_rejected(left(kept, "anonymise"))
    assert found.original_base64
    assert b"17850" not in base64.b64decode(found.original_base64)


@given(st.binary(max_size=60))
def test_whatever_the_bytes_are_nothing_is_raised(data):
    assert redact(data, gone("anonymise", "1")) is not None


def test_a_tombstone_knows_its_customer_and_names_nobody():
    digest = customer_digest(SALT, "17850")
    found = Tombstones(SALT, {digest: "delete"})
    assert found.mode_of("17850") == "delete"
    assert found.mode_of("17851") is None
    assert "17850" not in repr(found)
    assert customer_digest(b"other", "17850") != digest
    assert found.applied(line()) is None
    assert found.fingerprint != Tombstones(SALT, {digest: "anonymise"}).fingerprint


def test_a_shop_that_erased_nobody_has_no_tombstones():
    assert not NONE
    assert Tombstones(SALT, {"x": "delete"})


def test_a_customer_is_read_as_the_domain_reads_it():
    assert customer_in("017850") == "017850"
    assert customer_in("17850.5") is None
    assert customer_in(None) is None
