"""POST /events: judge each record by itself and put all of them on the stream.

A refused record goes to the stream too, marked, so that it reaches quarantine with its bytes.
"""

import base64
import json
import uuid
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

import msgspec

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.envelope import Accepted, Record, Rejected
from ecom_pipeline.domain.event import EVENT_ID, EventError, parse
from ecom_pipeline.realtime.clients import env
from ecom_pipeline.realtime.log import fact
from ecom_pipeline.realtime.stream import Placed, ThrottledError, put

MAX_BODY = 640 * 1024  # in base64 still below Kinesis' 1 MiB a record
MAX_EVENT = 32 * 1024
MAX_EVENTS = 500
_RESERVE_MS = 1_000  # of the invocation's time, kept for the answer

_EVENTS = msgspec.json.Decoder(list[msgspec.Raw])

Response = dict[str, Any]


def handler(request: dict[str, Any], context: Any = None) -> Response:
    """Answer 202 with a result for each record in order; 400 when none could be used."""
    received_at = datetime.now(UTC)
    body = _body(request)
    if not _is_json(request):
        return _answer(415, message="send Content-Type: application/json")
    if len(body) > MAX_BODY:
        return _answer(413, message=f"send at most {MAX_BODY} bytes at once")
    try:
        originals = _split(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        records: list[Record] = [_unreadable(body, received_at, error)]
    else:
        if not originals:
            return _answer(400, message="send an event or an array of events")
        if len(originals) > MAX_EVENTS:
            return _answer(413, message=f"send at most {MAX_EVENTS} events at once")
        records = [_judge(raw, n, received_at) for n, raw in enumerate(originals, 1)]
    return _stream(records, context)


def _stream(records: list[Record], context: Any) -> Response:
    remaining = context.get_remaining_time_in_millis() if context else 10_000
    try:
        placed = put(
            env("STREAM_NAME"),
            [(envelope.encode(record), _partition_key(record)) for record in records],
            seconds=(remaining - _RESERVE_MS) / 1000,
        )
    except ThrottledError as error:
        fact("stream throttled", refused=error.refused, records=len(records))
        answer = _answer(503, message="busy: send the same events again")
        return answer | {"headers": answer["headers"] | {"Retry-After": "1"}}
    accepted = sum(isinstance(record, Accepted) for record in records)
    fact("ingested", accepted=accepted, rejected=len(records) - accepted)
    return _answer(
        202 if accepted else 400,
        accepted=accepted,
        rejected=len(records) - accepted,
        results=[_result(*pair) for pair in zip(records, placed, strict=True)],
    )


def _body(request: dict[str, Any]) -> bytes:
    body = request.get("body") or ""
    return base64.b64decode(body) if request.get("isBase64Encoded") else body.encode()


def _is_json(request: dict[str, Any]) -> bool:
    headers: dict[str, str] = request.get("headers") or {}
    kinds = [value for name, value in headers.items() if name.lower() == "content-type"]
    return not kinds or kinds[0].split(";")[0].strip().lower() == "application/json"


def _split(body: bytes) -> list[msgspec.Raw]:
    if body.lstrip()[:1] == b"[":
        return _EVENTS.decode(body)
    envelope.decode_json(body)
    return [msgspec.Raw(body)]


def _judge(raw: msgspec.Raw, number: int, received_at: datetime) -> Record:
    """Return one record as the stream keeps it: accepted, or rejected with its reason."""
    original = bytes(raw)
    try:
        if len(original) > MAX_EVENT:
            error = EventError("", f"at most {MAX_EVENT} bytes an event", len(original))
            return _rejected(original, number, "too_large", received_at, error)
        payload = envelope.decode_json(raw)
        assigned = str(uuid.uuid4())
        line = parse(payload, event_id=assigned, received=received_at.date())
    except EventError as error:
        return _rejected(original, number, "invalid", received_at, error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        wrong = EventError("", "JSON", str(error))
        return _rejected(original, number, "not_json", received_at, wrong)
    return Accepted(
        event_id=line.event_id,
        id_source="transport" if line.event_id == assigned else "producer",
        received_at=received_at,
        event=msgspec.Raw(msgspec.json.format(original, indent=-1)),  # one line, numbers untouched
    )


def _rejected(
    original: bytes, number: int, reason: envelope.Reason, at: datetime, error: EventError
) -> Rejected:
    return envelope.rejected(
        original,
        record=f"record {number} of the request",
        reason=reason,
        received_at=at,
        error=error,
    )


def _unreadable(body: bytes, received_at: datetime, error: Exception) -> Rejected:
    wrong = EventError("", "one event or an array of events as JSON", str(error))
    return envelope.rejected(
        body, record="the whole request", reason="not_json", received_at=received_at, error=wrong
    )


def _partition_key(record: Record) -> str:
    """An invoice stays in order on one shard; what has no invoice is spread."""
    if isinstance(record, Rejected):
        return md5(envelope.encode(record), usedforsecurity=False).hexdigest()
    return str(envelope.line_of(record).invoice_no)


def _result(record: Record, placed: Placed) -> dict[str, str]:
    if isinstance(record, Accepted):
        receipt = {"shard": placed.shard, "sequence": placed.sequence}
        return {"status": "accepted", EVENT_ID: record.event_id} | receipt
    wrong = {"field": record.field, "expected": record.expected, "got": record.got}
    return {"status": "rejected", "reason": record.reason} | wrong


def _answer(status: int, **body: object) -> Response:
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
