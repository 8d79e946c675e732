"""Tombstones of erased customers, and the redaction of records. A tombstone contains no id.

Pure functions. Tombstones' keys are in keys.py, their reads and writes in lake/tombstones.py, the
erasure of each store in erasure/erase.py.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Literal

import msgspec
from msgspec import Raw, structs

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.columns import column
from ecom_pipeline.domain.envelope import Accepted, Record, Rejected, UnreadableError
from ecom_pipeline.domain.event import CUSTOMER_ID_PATTERN

Mode = Literal["anonymise", "delete"]
ModeOf = Callable[[str], Mode | None]

CUSTOMER = str(column("customer_id").wire)

_FIELDS: msgspec.json.Decoder[dict[str, Raw]] = msgspec.json.Decoder(dict[str, Raw])
_NULL = Raw(b"null")
_ID = rf"({CUSTOMER_ID_PATTERN.pattern})(?:\.0+)?"
_VALUE = re.compile(rf"\s*{_ID}\s*", re.ASCII)
_QUOTE = rb"[\"'\\]*"
# A CustomerID in bytes that are not a valid event, and in an error message that quotes them.
_MENTION = re.compile(
    rb"(" + CUSTOMER.encode() + _QUOTE + rb"\s*[:=]\s*)(?:Decimal\()?" + _QUOTE + rb"\s*"
    + _ID.encode() + rb"(?![\d.])\s*" + _QUOTE + rb"\)?"
)  # fmt: skip
_NUMBER = re.compile(r"(?<!\d)\d{1,18}(?!\d)", re.ASCII)


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """The record of an erasure: its mode, its time, and the days that are not finished yet.

    `who` is the identity of the operator who began it; empty in tombstones before it was recorded.
    """

    mode: Mode
    moment: datetime
    days: tuple[date, ...] = ()
    who: str = ""


@dataclass(frozen=True, slots=True)
class Tombstones:
    """All erased customers of a lake: the mode of each, by salted digest."""

    salt: bytes = b""
    modes: Mapping[str, Mode] = field(default_factory=dict[str, Mode])
    _known: dict[str, Mode | None] = field(
        default_factory=dict[str, Mode | None], repr=False, compare=False
    )

    def __bool__(self) -> bool:
        return bool(self.modes)

    @property
    def fingerprint(self) -> str:
        """12 hex digits that identify this set of tombstones."""
        text = "".join(f"{digest}{mode}" for digest, mode in sorted(self.modes.items()))
        return sha256(text.encode()).hexdigest()[:12]

    def mode_of(self, customer_id: str) -> Mode | None:
        """Return the mode of a customer's erasure; None for a customer who was not erased."""
        if customer_id not in self._known:
            self._known[customer_id] = self.modes.get(customer_digest(self.salt, customer_id))
        return self._known[customer_id]

    def applied(self, line: bytes) -> bytes | None:
        """Return a record's line, unchanged or redacted; None when it must be deleted."""
        return redact(line, self.mode_of)


NONE = Tombstones()


def customer_digest(salt: bytes, customer_id: str) -> str:
    """Return the name of a customer's tombstone: SHA-256 of salt and id, in hex."""
    return sha256(salt + customer_id.encode()).hexdigest()


def customer_in(value: object) -> str | None:
    """Return the customer id in a CustomerID as sent; None for a guest or an invalid value."""
    found = None if value is None else _VALUE.fullmatch(str(value))
    return found[1] if found else None


def redact(line: bytes, mode_of: ModeOf) -> bytes | None:
    """Return a record's line without erased customers; the same bytes object if it names none.

    In mode "anonymise", all values but the customer stay as sent. None in mode "delete", which
    applies to single events only: unreadable bytes may contain other customers' events, so they
    are redacted.
    """
    try:
        record = envelope.decode(line)
    except UnreadableError:
        return _scrubbed(line, mode_of)
    changed = (
        _unaccepted(record, mode_of)
        if isinstance(record, Accepted)
        else _unrejected(record, mode_of)
    )
    if changed is record:
        return line
    return None if changed is None else envelope.encode(changed)


def _unaccepted(record: Accepted, mode_of: ModeOf) -> Record | None:
    event = bytes(record.event)
    left = _without_event(event, mode_of)
    if left is event:
        return record
    return None if left is None else structs.replace(record, event=Raw(left))


def _unrejected(record: Rejected, mode_of: ModeOf) -> Record | None:
    original = envelope.original_bytes(record)
    left = redact(original, mode_of) if _is_record(original) else _without_event(original, mode_of)
    if left is original:
        return record
    if left is None:
        return None
    got = _NUMBER.sub(lambda number: "erased" if mode_of(number[0]) else number[0], record.got)
    if record.original_base64:
        return structs.replace(record, got=got, original_base64=base64.b64encode(left).decode())
    return structs.replace(record, got=got, original=left.decode())


def _is_record(data: bytes) -> bool:
    try:
        envelope.decode(data)
    except UnreadableError:
        return False
    return True


def _without_event(data: bytes, mode_of: ModeOf) -> bytes | None:
    """Return an event's JSON with CustomerID null and every other value unchanged."""
    try:
        fields = _FIELDS.decode(data)
        customer = customer_in(envelope.decode_json(fields[CUSTOMER]))
    except (KeyError, *envelope.NOT_JSON):
        return _scrubbed(data, mode_of)
    mode = mode_of(customer) if customer else None
    if mode is None:
        return data
    return None if mode == "delete" else msgspec.json.encode(fields | {CUSTOMER: _NULL})


def _scrubbed(data: bytes, mode_of: ModeOf) -> bytes:
    """Return bytes that are not a valid event, with each erased CustomerID in them set to null."""

    def replaced(found: re.Match[bytes]) -> bytes:
        return found[1] + b"null" if mode_of(found[2].decode()) else found[0]

    left = _MENTION.sub(replaced, data)
    return data if left == data else left
