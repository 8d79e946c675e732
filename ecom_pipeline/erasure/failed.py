"""Erase a customer from the failed batches in the raw bucket, redelivered or not."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ecom_pipeline.domain import failed_batch
from ecom_pipeline.domain.failed_batch import PREFIX, REDELIVERED, FailedBatchError
from ecom_pipeline.domain.tombstone import ModeOf, redact
from ecom_pipeline.lake.buckets import Lake

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Touched:
    """A failed batch with records of a customer, and their number."""

    key: str
    records: int


def scan(lake: Lake, mode_of: ModeOf) -> tuple[Touched, ...]:
    """Return the failed batches with records of the customer whose mode `mode_of` returns."""

    def look(key: str) -> Touched | None:
        stored = lake.raw.read(key)
        records = 0 if stored is None else count(key, stored.body, mode_of)
        return Touched(key, records) if records else None

    listed = [
        each.key
        for prefix in (PREFIX, REDELIVERED)
        for each in lake.raw.own_objects(prefix, failed_batch.is_failed_batch)
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(each for each in pool.map(look, listed) if each is not None)


def erase(lake: Lake, touched: Iterable[Touched], mode_of: ModeOf) -> None:
    """Rewrite the batches without the customer; one that would be empty is deleted."""
    for each in touched:
        stored = lake.raw.read(each.key)
        if stored is None:
            continue
        batch = failed_batch.redacted(failed_batch.decode(each.key, stored.body), mode_of)
        if failed_batch.size(batch):
            body = failed_batch.encode(stored.body, batch)
            lake.raw.put(each.key, body, ContentType="application/json")
        else:
            lake.raw.remove([each.key])


def count(key: str, body: bytes, mode_of: ModeOf) -> int:
    """Return the number of a batch's records that redaction changes; 0 for a damaged object."""
    try:
        lines = failed_batch.lines_of(failed_batch.decode(key, body))
    except FailedBatchError:
        return 0  # redeliver reports it, and does not deliver it
    return sum(redact(line, mode_of) is not line for line in lines)
