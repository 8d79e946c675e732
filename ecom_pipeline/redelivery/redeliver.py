# pyright: basic
# boto3 has no types; its clients are passed in as Any.
"""Redeliver failed batches: invoke the function with the batch again, as Lambda would.

It is safe to repeat. Both consumers are idempotent: store by conditional puts, archive by keys made
of the batch's sequence numbers. A batch moves to `redelivered/` after the function has finished all
of its records, so a killed redelivery is continued by the next one.
"""

from collections.abc import Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from ecom_pipeline.domain import failed_batch
from ecom_pipeline.domain.failed_batch import PREFIX, FailedBatch, FailedBatchError
from ecom_pipeline.domain.printable import printable
from ecom_pipeline.domain.tombstone import Tombstones
from ecom_pipeline.lake import tombstones
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.notifications import ForeignMessageError, Notifications, keys_in
from ecom_pipeline.lake.prefetch import prefetched

AT_ONCE = 4
_ERROR_CHARACTERS = 300
_MOST_MESSAGES = 100_000
_TEST = "s3:TestEvent"


@dataclass(frozen=True, slots=True)
class Found:
    """A failed batch by key; `trouble` is the reason why it can't be read."""

    key: str
    body: bytes = b""
    batch: FailedBatch | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A batch after its redelivery: how many records the function finished, or why it did not.

    `erased` records are of customers erased since: they were not delivered.
    """

    found: Found
    delivered: int = 0
    erased: int = 0
    trouble: str = ""


def find(lake: Lake, most: int | None = None) -> list[Found]:
    """Return the failed batches that were not redelivered, the unreadable ones too.

    `most` limits their number; by default all are returned.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        objects = lake.raw.own_objects(PREFIX, failed_batch.is_failed_batch)
        listed = (each.key for each in islice(objects, most))
        return [
            found
            for found in prefetched(pool, lambda key: _read(lake, key), listed, 4 * AT_ONCE)
            if found is not None
        ]


def redeliver(
    lake: Lake,
    functions: Any,
    wanted: Sequence[Found],
    on_batch: Callable[[int], None] = lambda _: None,
) -> list[Outcome]:
    """Invoke each batch's function with it, and move the finished batches to `redelivered/`.

    `functions` is boto3's client of Lambda. One batch that fails does not stop the others. A batch
    and the tombstones are read again just before: an erasure may have come between.
    """
    outcomes: list[Outcome] = []

    def deliver(found: Found) -> Outcome:
        now = _read(lake, found.key)
        if now is None:
            return Outcome(found)  # redelivered or erased meanwhile
        return _redeliver(lake, functions, now, tombstones.read(lake))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for outcome in prefetched(pool, deliver, wanted, 4 * AT_ONCE):
            outcomes.append(outcome)
            on_batch(1)
    return outcomes


def clear(lake: Lake, queue: Notifications) -> int:
    """Delete the messages of batches that wait no more: while one is left, the alarm stays on.

    Received before the batches are listed, so the message of a new batch is not deleted.
    """
    messages = queue.receive(_MOST_MESSAGES)
    waiting = {each.key for each in lake.raw.own_objects(PREFIX, failed_batch.is_failed_batch)}
    done = [each.receipt for each in messages if _is_done(each.body, waiting)]
    queue.delete(done)
    return len(done)


def _is_done(body: str, waiting: Set[str]) -> bool:
    """Return whether a message is of redelivered batches, or S3's test; others are left."""
    try:
        found = keys_in(body)
    except ForeignMessageError:
        return False
    return waiting.isdisjoint(found) if found else _TEST in body


def _read(lake: Lake, key: str) -> Found | None:
    """Return a batch; None when another redelivery has just moved it."""
    stored = lake.raw.read(key)
    if stored is None:
        return None
    try:
        return Found(key, stored.body, failed_batch.decode(key, stored.body))
    except FailedBatchError as error:
        return Found(key, stored.body, trouble=str(error))


def _redeliver(lake: Lake, functions: Any, found: Found, erased: Tombstones) -> Outcome:
    if found.batch is None:
        return Outcome(found, trouble=found.trouble)
    batch = failed_batch.redacted(found.batch, erased.mode_of) if erased else found.batch
    records = failed_batch.size(batch)
    gone = failed_batch.size(found.batch) - records
    trouble = _invoke(functions, batch) if records else ""
    if trouble:
        return Outcome(found, erased=gone, trouble=f"{found.key}: {trouble}")
    body = found.body if batch is found.batch else failed_batch.encode(found.body, batch)
    lake.raw.put(failed_batch.redelivered_key(found.key), body, ContentType="application/json")
    lake.raw.remove([found.key])
    return Outcome(found, delivered=records, erased=gone)


def _invoke(functions: Any, batch: FailedBatch) -> str:
    """Invoke the function; return why it did not finish the whole batch, or an empty text."""
    try:
        answer = functions.invoke(FunctionName=batch.function, Payload=batch.payload.encode())
    except (BotoCoreError, ClientError) as error:
        return f"{batch.function} was not invoked: {error}"
    payload = answer["Payload"].read()
    if "FunctionError" in answer:
        return f"{batch.function} failed: {_said(payload)}; see its log"
    failures = _failures(payload)
    if failures is None:
        return f"{batch.function} answered {_said(payload)}, expected batchItemFailures"
    if failures:
        first = failures[0].get("itemIdentifier")
        return f"{batch.function} did not finish the records from {first} on; see its log"
    return ""


def _failures(payload: bytes) -> list[dict[str, Any]] | None:
    try:
        found = msgspec.json.decode(payload)
    except msgspec.DecodeError:
        return None
    failures = found.get("batchItemFailures") if isinstance(found, dict) else None
    return failures if isinstance(failures, list) else None


def _said(payload: bytes) -> str:
    """Return the beginning of what a function said, in printable characters."""
    return printable(payload.decode(errors="replace")[:_ERROR_CHARACTERS])
