"""A failed batch: Lambda's invocation record of records whose retries are exhausted, in S3.

Its key, its JSON, and its redaction; reads, writes and redelivery are in redelivery/. The format is
Lambda's: docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import structs

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.domain.tombstone import ModeOf, redact

PREFIX = "aws/lambda/"  # Lambda's own, below the bucket: it can't be configured
REDELIVERED = "redelivered/"
CONSUMERS = ("store", "archive")

_KEY = re.compile(
    rf"(?:{REDELIVERED})?{PREFIX}[0-9a-fA-F-]+/shardId-\d+/\d{{4}}/\d\d/\d\d/"
    r"\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-fA-F-]+"
)


class FailedBatchError(EcomError):
    """An object that is not an invocation record of this pipeline's stream consumers."""


class Context(msgspec.Struct, frozen=True, rename="camel"):
    """Which function failed, why its retries ended, and how often it was invoked."""

    function_arn: str
    condition: str
    approximate_invoke_count: int = 0


class BatchInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Where on the stream the records are."""

    shard_id: str
    start_sequence_number: str
    end_sequence_number: str
    batch_size: int


class FailedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """An invocation record; `payload` is the event that the function was invoked with, as JSON."""

    context: Context = msgspec.field(name="requestContext")
    batch: BatchInfo = msgspec.field(name="KinesisBatchInfo")
    timestamp: datetime
    payload: str

    @property
    def function(self) -> str:
        """The function's name: the ARN without a version or alias."""
        return self.context.function_arn.split(":")[6]

    @property
    def consumer(self) -> str:
        """Which of CONSUMERS the function is."""
        return self.function.rpartition("-")[2]


def is_failed_batch(key: str) -> bool:
    """Return whether a key is of a failed batch, redelivered or not."""
    return _KEY.fullmatch(key) is not None


def redelivered_key(key: str) -> str:
    """Return the key that a failed batch moves to when it is redelivered."""
    return f"{REDELIVERED}{key.removeprefix(REDELIVERED)}"


def decode(key: str, body: bytes) -> FailedBatch:
    """Decode an invocation record; `key` is its object's, for the error message.

    Raises:
        FailedBatchError: it is none, it has no payload, or its function is no stream consumer.
    """
    try:
        found = msgspec.convert(_with_text(msgspec.json.decode(body)), FailedBatch)
        named = found.consumer
        list(lines_of(found))
    except (msgspec.DecodeError, binascii.Error, LookupError, TypeError) as error:
        raise FailedBatchError(
            f"{key}: expected Lambda's invocation record with its payload, got {error!s:.200};"
            " restore the object's last version"
        ) from error
    if named not in CONSUMERS:
        expected = " or ".join(f"…-{name}" for name in CONSUMERS)
        raise FailedBatchError(
            f"{key}: expected a function named {expected}, got {found.function!r}: it is not"
            " invoked; find out who wrote the object"
        )
    return found


def lines_of(batch: FailedBatch) -> Iterator[bytes]:
    """Yield the bytes of each record of the stream, in order."""
    for record in _records(batch):
        yield base64.b64decode(record["kinesis"]["data"], validate=True)


def redacted(batch: FailedBatch, mode_of: ModeOf) -> FailedBatch:
    """Return a batch without erased customers; the same object if it names none.

    A record that is deleted is missing from the payload, which may be left without any.
    """
    kept: list[dict[str, Any]] = []
    changed = False
    for record, line in zip(_records(batch), lines_of(batch), strict=True):
        left = redact(line, mode_of)
        changed = changed or left is not line
        if left is not None:
            data = base64.b64encode(left).decode()
            kept.append(record | {"kinesis": record["kinesis"] | {"data": data}})
    return structs.replace(batch, payload=_payload(kept)) if changed else batch


def encode(body: bytes, batch: FailedBatch) -> bytes:
    """Return an invocation record's JSON with the payload of `batch`; all else stays as it was."""
    return msgspec.json.encode(msgspec.json.decode(body) | {"payload": batch.payload})


def size(batch: FailedBatch) -> int:
    """Return the number of records in the payload."""
    return len(_records(batch))


def _with_text(record: dict[str, Any]) -> dict[str, Any]:
    """Return an invocation record with its payload as text; AWS does not say which it writes."""
    payload = record["payload"]
    return record | {"payload": payload if isinstance(payload, str) else _text(payload)}


def _records(batch: FailedBatch) -> list[dict[str, Any]]:
    return msgspec.json.decode(batch.payload)["Records"]


def _payload(records: list[dict[str, Any]]) -> str:
    return _text({"Records": records})


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
