"""The record format of the stream, the raw lake and quarantine.

A record is one line of JSON: either Accepted, with the event exactly as its producer sent it, or
Rejected, with the reason and the original bytes, so that it can be corrected and replayed.
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
"""Why a record is in quarantine, and who writes it there.

not_json, too_large: ingest, by archive. invalid: ingest, and a rebuild by changed rules
(lake/flatten.py). id_conflict: store, and a rebuild. unreadable: archive, and a rebuild.
"""


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="accepted"):
    """An event that the API acknowledged; `event` is its JSON as sent."""

    event_id: str
    id_source: IdSource
    received_at: datetime
    event: msgspec.Raw


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="rejected"):
    """A record that failed validation: its origin, the failed rule and the original bytes.

    `record` is the origin, such as "record 3 of the request" or a shard and sequence number.
    """

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
_READABLE = 64 * 1024  # bytes always stored as text: escapes add at most a factor 6, which fits

_ENCODER = msgspec.json.Encoder(decimal_format="string")
_RECORDS: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
_VALUES = msgspec.json.Decoder(float_hook=Decimal)


class UnreadableError(EcomError):
    """Bytes that cannot be decoded as a record of this stream."""


def decode_json(data: bytes | msgspec.Raw) -> object:
    """Decode JSON with exact numbers: floats become Decimal.

    Raises:
        NOT_JSON: any of these exceptions, when the bytes are not valid JSON or exceed its limits.
    """
    return _VALUES.decode(data)


def encode(record: Record) -> bytes:
    """Return a record as one line of JSON, without its line feed."""
    return _ENCODER.encode(record)


def decode(line: bytes) -> Record:
    """Decode one line of JSON to a record.

    Raises:
        UnreadableError: the line is not a record.
    """
    try:
        return _RECORDS.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(str(error)) from error


def event_of(line: bytes) -> tuple[Record, InvoiceLine | None]:
    """Decode a record and, unless it was rejected, its event.

    No other exception is raised, for any bytes: it would recur at every delivery, and block a
    shard or a day.

    Raises:
        UnreadableError: the line is not a record, or its id is not its event's.
        EventError: the event fails the current validation rules.
    """
    record = decode(line)
    if isinstance(record, Rejected):
        return record, None
    event = line_of(record)
    if event.event_id != record.event_id or not EVENT_ID_PATTERN.fullmatch(record.event_id):
        raise UnreadableError(f"the event's id is not the record's: {record.event_id[:128]!r}")
    return record, event


def line_of(record: Accepted) -> InvoiceLine:
    """Return the event of an accepted record.

    Raises:
        EventError: the event fails the current validation rules.
    """
    try:
        payload = decode_json(record.event)
        return parse(payload, event_id=record.event_id, received=record.received_at.date())
    except NOT_JSON as error:
        raise EventError("", f"JSON ({error})", bytes(record.event)) from error


def rejected(
    original: bytes, *, record: str, reason: Reason, received_at: datetime, error: EventError
) -> Rejected:
    """Return the Rejected record that contains `original` and the details of `error`."""
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
    """Return the Rejected record of an event whose id is already used by other content."""
    error = EventError("event_id", "one content per id", record.event_id)
    return rejected(
        bytes(record.event),
        record=f"event {record.event_id}",
        reason="id_conflict",
        received_at=record.received_at,
        error=error,
    )


def _kept(original: bytes) -> dict[str, str]:
    """Return the original as a record's field: as text, or base64 if JSON escapes are longer."""
    encoded = base64.b64encode(original).decode()
    try:
        text = original.decode()
    except UnicodeDecodeError:
        return {"original_base64": encoded}
    if len(original) > _READABLE and len(msgspec.json.encode(text)) > len(encoded):
        return {"original_base64": encoded}
    return {"original": text}


def original_bytes(record: Rejected) -> bytes:
    """Return a rejected record's original bytes, unchanged."""
    if record.original_base64:
        return base64.b64decode(record.original_base64)
    return record.original.encode()
