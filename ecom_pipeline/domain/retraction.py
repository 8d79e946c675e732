"""A retraction: the record in the raw lake by which a stored line no longer counts, or does again.

An event's record is never changed: its line is taken back by a later record, and reinstated by one
later still. Of an event's retractions the latest is in force. Their keys are in keys.py, their
reads and writes in lake/retractions.py, the decision in restate/.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from ecom_pipeline.domain.envelope import UnreadableError


class Retraction(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="retraction"):
    """Whether an event's line stands, from now on, and why: cause, operator and time (UTC).

    `replaced_by` is the id of the event that takes the line's place; empty if there is none.
    """

    event_id: str
    invoice_no: str
    stands: bool
    replaced_by: str = ""
    cause: str
    by: str
    at: datetime


_RECORDS = msgspec.json.Decoder(Retraction)


def encode(record: Retraction) -> bytes:
    """Return a retraction as one line of JSON, without its line feed."""
    return msgspec.json.encode(record)


def decode(key: str, line: bytes) -> Retraction:
    """Decode one line of JSON to a retraction; `key` is its object's, for the error message.

    Raises:
        UnreadableError: the line is not a retraction.
    """
    try:
        return _RECORDS.decode(line)
    except msgspec.DecodeError as error:
        raise UnreadableError(f"{key}: {error}; restore the object's last version") from error


def retracted_in(latest: Mapping[str, Retraction]) -> frozenset[str]:
    """Return the ids of the events whose latest retraction says that the line does not stand."""
    return frozenset(event_id for event_id, record in latest.items() if not record.stands)


def changing(latest: Mapping[str, Retraction], wanted: Iterable[Retraction]) -> list[Retraction]:
    """Return the wanted retractions that change what is in force; without any, a line stands."""
    return [
        record
        for record in wanted
        if record.stands != (record.event_id not in latest or latest[record.event_id].stands)
    ]
