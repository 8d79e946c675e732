"""How an event travels: the records of the stream, the raw lake and quarantine.

A record is one line of JSON: either Accepted, with the event exactly as its producer sent it, or
Rejected, with the reason and the original bytes, so that it can be replayed once mended.
"""

import base64
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.domain.event import EVENT_ID_PATTERN, EventError, InvoiceLine, parse

IdSource = Literal["producer", "transport"]
Reason = Literal["not_json", "invalid", "too_large", "id_conflict", "unreadable"]


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="accepted"):
    """An event that the API acknowledged; `event` is its JSON as sent."""

    event_id: str
    id_source: IdSource
    received_at: datetime
    event: msgspec.Raw


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="rejected"):
    """Something that can't be used: where it stood, what is wrong with it, and its bytes."""

    received_at: datetime
    reason: Reason
    record: str
    field: str = ""
    expected: str = ""
    got: str = ""
    original: str = ""
    original_base64: str = ""


Record = Accepted | Rejected

# RecursionError: nested too deep; ArithmeticError: a number like 1e9999999999999999999
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError)
_READABLE = 64 * 1024  # bytes kept as text whatever the escapes: 6 times that fits a record

_ENCODER = msgspec.json.Encoder(decimal_format="string")
_RECORDS: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
_VALUES = msgspec.json.Decoder(float_hook=Decimal)


class UnreadableError(EcomError):
    """Bytes that are no record of this stream."""


def decode_json(data: bytes | msgspec.Raw) -> object:
    """Decode JSON with exact numbers: floats become Decimal.

    Raises:
        one of NOT_JSON: the bytes are no JSON that can be used.
    """
    return _VALUES.decode(data)


def encode(record: Record) -> bytes:
    """Return a record as one line of JSON, without its line feed."""
    return _ENCODER.encode(record)


def decode(line: bytes) -> Record:
    """Read a record back, or raise UnreadableError."""
    try:
        return _RECORDS.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(str(error)) from error


def event_of(line: bytes) -> tuple[Record, InvoiceLine | None]:
    """Read a record and, unless it was rejected, its event.

    Whatever the bytes are, all that is raised for them is UnreadableError or EventError: any
    other error would come again with every delivery, and block a shard or a day.
    """
    record = decode(line)
    if isinstance(record, Rejected):
        return record, None
    event = line_of(record)
    if event.event_id != record.event_id or not EVENT_ID_PATTERN.fullmatch(record.event_id):
        raise UnreadableError(f"the event's id is not the record's: {record.event_id[:128]!r}")
    return record, event


def line_of(record: Accepted) -> InvoiceLine:
    """Return the event of a record; raises EventError when today's rules refuse it."""
    try:
        payload = decode_json(record.event)
        return parse(payload, event_id=record.event_id, received=record.received_at.date())
    except NOT_JSON as error:
        raise EventError("", f"JSON ({error})", bytes(record.event)) from error


def rejected(
    original: bytes, *, record: str, reason: Reason, received_at: datetime, error: EventError
) -> Rejected:
    """Return the record that keeps `original` and says what is wrong with it."""
    return Rejected(
        received_at=received_at,
        reason=reason,
        record=record,
        field=error.field,
        expected=error.expected,
        got=error.got,
        **_kept(original),
    )


def conflict(record: Accepted) -> Rejected:
    """Return the record that keeps an event whose id another content already holds."""
    error = EventError("event_id", "one content under one id", record.event_id)
    return rejected(
        bytes(record.event),
        record=f"event {record.event_id}",
        reason="id_conflict",
        received_at=record.received_at,
        error=error,
    )


def _kept(original: bytes) -> dict[str, str]:
    """Keep text as text, unless JSON's escapes would make it longer than base64 does."""
    encoded = base64.b64encode(original).decode()
    try:
        text = original.decode()
    except UnicodeDecodeError:
        return {"original_base64": encoded}
    if len(original) > _READABLE and len(msgspec.json.encode(text)) > len(encoded):
        return {"original_base64": encoded}
    return {"original": text}


def original_bytes(record: Rejected) -> bytes:
    """Return what was sent, byte for byte."""
    if record.original_base64:
        return base64.b64decode(record.original_base64)
    return record.original.encode()
