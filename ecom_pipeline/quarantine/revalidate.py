"""Revalidation of a quarantined record by the current rules, with some fields changed.

Pure functions: nothing is read or written here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, cast
from uuid import UUID, uuid5

import msgspec

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.envelope import Accepted, Rejected, UnreadableError
from ecom_pipeline.domain.event import EVENT_ID, EventError, parse
from ecom_pipeline.realtime.ingest import MAX_EVENT

NAMESPACE = UUID("5b6f3f0e-0b52-4b7e-9d55-0d3c5a3f9c1e")  # event ids derive from it: never change

Event = Mapping[str, object]

_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a record is not a valid event, or why the API rejected it."""

    field: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class ValidEvent:
    """A valid event: the payload to post, its event id and its row's digest."""

    payload: Event
    event_id: str
    digest: int


def identity(line: bytes) -> str:
    """Return a quarantined record's identity: the SHA-256 of its bytes, in hex.

    Object and line number would not be stable: line numbers change when other records are moved.
    """
    return sha256(line).hexdigest()


def attempt(
    line: bytes, record: Rejected, changes: Mapping[str, str], today: date
) -> ValidEvent | Refusal:
    """Validate a record by the current rules, as the API would: an event to post, or a refusal.

    An event without an id gets one derived from its record alone, so that a repeated post is
    idempotent. `changes` are texts by wire key, applied before validation; an empty text removes
    the field.
    """
    try:
        payload = _changed(_sent(envelope.original_bytes(record)), changes)
        if record.reason == "id_conflict":
            _check_new_id(payload, changes)
        payload = {EVENT_ID: str(uuid5(NAMESPACE, identity(line)))} | payload
        _check_size(payload)
        event = parse(payload, received=today)
    except EventError as error:
        return Refusal(error.field, error.expected, error.got)
    return ValidEvent(payload, event.event_id, digest(event.row()))


def _check_new_id(payload: Event, changes: Mapping[str, str]) -> None:
    if EVENT_ID not in changes:
        expected = "a new id: --set event_id=..."
        raise EventError(EVENT_ID, expected, payload.get(EVENT_ID))


def _check_size(payload: Event) -> None:
    size = len(_ENCODER.encode(payload))
    if size > MAX_EVENT:
        raise EventError("", f"at most {MAX_EVENT} bytes an event", size)


def _sent(original: bytes) -> dict[str, Any]:
    """Return the original event; originals from the stream or from raw are records around it."""
    try:
        found = envelope.decode(original)
    except UnreadableError:
        return _object(original)
    if isinstance(found, Accepted):
        return _object(bytes(found.event)) | {EVENT_ID: found.event_id}
    return _object(original)


def _object(data: bytes) -> dict[str, Any]:
    try:
        payload = envelope.decode_json(data)
    except envelope.NOT_JSON as error:
        raise EventError("", "JSON", str(error)) from error
    if not isinstance(payload, dict):
        raise EventError("", "a JSON object", payload)
    return cast("dict[str, Any]", payload)


def _changed(payload: dict[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    mended = payload | {name: text or None for name, text in changes.items()}
    mended = {k: v for k, v in mended.items() if k not in changes or v is not None}
    if mended.get(EVENT_ID) is None:
        mended.pop(EVENT_ID, None)
    return mended
