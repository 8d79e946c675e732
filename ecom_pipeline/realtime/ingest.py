"""POST /events: validate each record separately and put all of them on the stream.

Rejected records are put on the stream too, so that they reach quarantine with their bytes.
"""

import base64
import json
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from hashlib import md5
from typing import Any

import msgspec

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.columns import WIRE_KEYS
from ecom_pipeline.domain.envelope import Accepted, Record, Rejected
from ecom_pipeline.domain.event import EVENT_ID, EventError, parse
from ecom_pipeline.realtime import clock, not_json
from ecom_pipeline.realtime.clients import env
from ecom_pipeline.realtime.metrics import Invocation
from ecom_pipeline.realtime.retry import deadline_of
from ecom_pipeline.realtime.stream import PutResult, ThrottledError, put

MAX_BODY = 640 * 1024  # bytes; base64-encoded still below Kinesis' limit of 1 MiB a record
MAX_EVENT = 32 * 1024
MAX_EVENTS = 500
_RESERVE_MS = 8_000
RETRY_BUDGET_MS = 5_000  # then the producer retries: a waiting function costs money and concurrency

_EVENTS = msgspec.json.Decoder(list[msgspec.Raw])

_FIELDS = frozenset((*WIRE_KEYS, EVENT_ID, ""))

Response = dict[str, Any]


class _RefusedError(Exception):
    """A request that is refused as a whole: none of it is put on the stream."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def handler(request: dict[str, Any], context: Any = None) -> Response:
    """Answer 202 with a result for each record, in order; 400 when all were rejected.

    A request that is refused as a whole gets 400, 413 or 415; one that the stream throttles, 503.
    """
    invocation = Invocation("ingest", context)
    try:
        records = _records(request, clock.now())
    except _RefusedError as refused:
        invocation.report("refused", {"Refused": 1}, status=refused.status)
        return _answer(refused.status, message=str(refused))
    try:
        placed = _placed(
            records, deadline_of(context, reserve_ms=_RESERVE_MS, retry_budget_ms=RETRY_BUDGET_MS)
        )
    except ThrottledError as error:
        invocation.report("stream throttled", {"Throttled": error.refused}, records=len(records))
        answer = _answer(503, message="busy: send the same events again")
        return answer | {"headers": answer["headers"] | {"Retry-After": "1"}}
    figures, causes = _account(records)
    invocation.report("ingested", figures, rejected_by=causes)
    return _answer(
        202 if figures["Accepted"] else 400,
        accepted=figures["Accepted"],
        rejected=figures["Rejected"],
        results=[_result(*pair) for pair in zip(records, placed, strict=True)],
    )


def _records(request: dict[str, Any], received_at: datetime) -> list[Record]:
    """Validate each record of a request.

    Raises:
        _RefusedError: the request has the wrong type, is too large or has no records.
    """
    body = _body(request)
    if not _is_json(request):
        raise _RefusedError(415, "send Content-Type: application/json")
    if len(body) > MAX_BODY:
        raise _RefusedError(413, f"send at most {MAX_BODY} bytes at once")
    try:
        originals = _split(body)
    except envelope.NOT_JSON as error:
        originals = not_json.split(body)  # what pandas and JavaScript write beside JSON
        if originals is None:
            return [_unreadable(body, received_at, error)]
    if not originals:
        raise _RefusedError(400, "send an event or an array of events")
    if len(originals) > MAX_EVENTS:
        raise _RefusedError(413, f"send at most {MAX_EVENTS} events at once")
    return [_judge(raw, n, received_at) for n, raw in enumerate(originals, 1)]


def _placed(records: list[Record], deadline: float) -> list[PutResult]:
    pairs = [(envelope.encode(record), _partition_key(record)) for record in records]
    return put(env("STREAM_NAME"), pairs, deadline=deadline)


def _account(records: list[Record]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the metrics, and counts by reason and field; neither contains event content."""
    rejected = [record for record in records if isinstance(record, Rejected)]
    figures = {"Accepted": len(records) - len(rejected), "Rejected": len(rejected)}
    reasons = Counter(f"Rejected.{record.reason}" for record in rejected)
    causes = Counter(f"{record.reason} {_known(record.field)}".rstrip() for record in rejected)
    return figures | reasons, dict(causes)


def _known(field: str) -> str:
    """Return a known field's name; an unknown one is replaced, as it may be any text."""
    return field if field in _FIELDS else "(unknown)"


def _body(request: dict[str, Any]) -> bytes:
    body: str = request.get("body") or ""
    if request.get("isBase64Encoded"):
        return base64.b64decode(body)
    return body.encode(errors="surrogatepass")


def _is_json(request: dict[str, Any]) -> bool:
    headers: dict[str, str] = request.get("headers") or {}
    kinds = [value for name, value in headers.items() if name.lower() == "content-type"]
    return not kinds or kinds[0].split(";")[0].strip().lower() == "application/json"


def _split(body: bytes) -> Sequence[bytes | msgspec.Raw]:
    if body.lstrip()[:1] == b"[":
        return _EVENTS.decode(body)
    envelope.decode_json(body)
    return [msgspec.Raw(body)]


def _judge(raw: bytes | msgspec.Raw, number: int, received_at: datetime) -> Record:
    """Return one event as a record of the stream: accepted, or rejected with its reason."""
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
    except envelope.NOT_JSON as error:
        wrong = not_json.error_of(original) or EventError("", "JSON", str(error))
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
    wrong = not_json.error_of_request(body, error)
    return envelope.rejected(
        body, record="the whole request", reason="not_json", received_at=received_at, error=wrong
    )


def _partition_key(record: Record) -> str:
    """Return the partition key: an invoice stays in order on one shard, rejects are spread."""
    if isinstance(record, Rejected):
        return md5(envelope.encode(record), usedforsecurity=False).hexdigest()
    return str(envelope.line_of(record).invoice_no)


def _result(record: Record, placed: PutResult) -> dict[str, str]:
    if isinstance(record, Accepted):
        receipt = {"shard": placed.shard, "sequence": placed.sequence}
        return {"status": "accepted", EVENT_ID: record.event_id} | receipt
    wrong = {"field": record.field, "expected": record.expected, "got": record.got}
    return {"status": "rejected", "reason": record.reason} | wrong


def _answer(status: int, **body: object) -> Response:
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
