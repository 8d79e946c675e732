"""Erase a customer from the raw bucket: raw, quarantine, replayed, discarded, old versions.

A full scan, since there is no index by customer. Most objects are skipped by a search of their
bytes.
"""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ecom_pipeline.domain import discard_keys, envelope, failed_batch, keys
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.envelope import Rejected, UnreadableError
from ecom_pipeline.domain.event import EventError, parse
from ecom_pipeline.domain.tombstone import ModeOf, redact
from ecom_pipeline.erasure import csv_parts, failed
from ecom_pipeline.lake.buckets import Lake

_AT_ONCE = 8
# JSON in which digits may have another form: an escape, a number with an exponent, base64
_ODD = re.compile(rb"\\u00|:\s*-?[\d.]+[eE]|original_base64")
_CONFLICT = re.compile(r"/conflict-(.+)-[0-9a-f]{12}\.jsonl\.gz$")


@dataclass(frozen=True, slots=True)
class Touched:
    """An object with records of a customer: their number, and their invoices."""

    key: str
    records: int
    invoices: frozenset[str]

    @property
    def day(self) -> date:
        return keys.day_of(self.key)


class Version(NamedTuple):
    """A noncurrent version of an object."""

    bucket: str
    key: str
    id: str


def scan(lake: Lake, prefix: str, customer_id: str, mode_of: ModeOf) -> tuple[Touched, ...]:
    """Return the objects under a prefix that contain records of a customer."""

    def look(key: str) -> Touched | None:
        lines = list(lake.raw.lines(key))
        found = [line for line in _candidates(lines, customer_id) if redact(line, mode_of) != line]
        invoices = frozenset(no for no in map(_invoice_of, found) if no)
        return Touched(key, len(found), invoices) if found else None

    objects = [found.key for found in lake.raw.own_objects(prefix, keys.is_record_object)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        every = pool.map(look, objects)
        return tuple(each for each in every if each is not None)


def erase(lake: Lake, touched: Iterable[Touched], mode_of: ModeOf) -> None:
    """Rewrite objects without the customer; an object that would be empty is deleted."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda each: _rewrite(lake, each.key, mode_of), touched))


def old_versions(lake: Lake, customer_id: str) -> list[Version]:
    """Return the noncurrent versions, in both buckets, that contain a customer."""
    versions = [
        *_noncurrent(lake, lake.raw.name, keys.RAW),
        *_noncurrent(lake, lake.raw.name, keys.QUARANTINE),
        *_noncurrent(lake, lake.raw.name, keys.REPLAYED),
        *_noncurrent(lake, lake.raw.name, keys.DISCARDED),
        *_noncurrent(lake, lake.raw.name, failed_batch.PREFIX),
        *_noncurrent(lake, lake.raw.name, failed_batch.REDELIVERED),
        *_noncurrent(lake, lake.csv.name, keys.CSV),
        *_noncurrent(lake, lake.csv.name, keys.PLANS),
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        held = pool.map(lambda version: _holds(lake, version, customer_id), versions)
        return [version for version, holds in zip(versions, held, strict=True) if holds]


def remove_plans(lake: Lake) -> None:
    """Delete what killed dry runs of loads left: copies of days' rows."""
    lake.csv.remove(each.key for each in lake.csv.objects(keys.PLANS))


def remove_versions(lake: Lake, versions: Iterable[Version]) -> None:
    """Delete versions permanently."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(
            pool.map(
                lambda each: lake.s3.delete_object(
                    Bucket=each.bucket, Key=each.key, VersionId=each.id
                ),
                versions,
            )
        )


def _candidates(lines: list[bytes], customer_id: str) -> list[bytes]:
    """Return the lines that may contain a customer; most objects need a single search."""
    wanted = customer_id.encode()
    text = b"\n".join(lines)
    if wanted not in text and not _ODD.search(text):
        return []
    return [line for line in lines if wanted in line or _ODD.search(line)]


def _rewrite(lake: Lake, key: str, mode_of: ModeOf) -> None:
    """Put an object's records without the customer, under the same key or a conflict's new key."""
    changed = (redact(line, mode_of) for line in lake.raw.lines(key))
    lines = [line for line in changed if line is not None]
    new_key = _renamed(key, lines) if lines else key
    if lines:
        lake.raw.write_lines(new_key, lines)
    if not lines or new_key != key:
        lake.raw.remove([key])


def _renamed(key: str, lines: list[bytes]) -> str:
    """Return the key after redaction: a conflict's key has a digest of its content."""
    found = _CONFLICT.search(key)
    record = envelope.decode(lines[0])
    if found is None or not isinstance(record, Rejected):
        return key
    try:
        payload = envelope.decode_json(envelope.original_bytes(record))
        line = parse(payload, event_id=found[1], received=record.received_at.date())
    except (EventError, *envelope.NOT_JSON):
        return key
    new_key = keys.conflict_key(keys.day_of(key), found[1], digest(line.row()))
    if key.startswith(keys.DISCARDED):
        return discard_keys.discarded_key(new_key)
    return keys.replayed_key(new_key) if key.startswith(keys.REPLAYED) else new_key


def _invoice_of(line: bytes) -> str | None:
    try:
        _, event = envelope.event_of(line)
    except (UnreadableError, EventError):
        return None
    return event.invoice_no if event else None


def _noncurrent(lake: Lake, bucket: str, prefix: str) -> Iterator[Version]:
    pages = lake.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for each in page.get("Versions", []):
            if not each["IsLatest"]:
                yield Version(bucket, each["Key"], each["VersionId"])


def _holds(lake: Lake, version: Version, customer_id: str) -> bool:
    """Return whether a version contains a customer; True if it is damaged and cannot be read."""
    answer = lake.s3.get_object(Bucket=version.bucket, Key=version.key, VersionId=version.id)
    body = answer["Body"].read()
    if failed_batch.is_failed_batch(version.key):
        return failed.count(version.key, body, _only(customer_id)) > 0
    if not version.key.endswith(".gz"):
        return False
    try:
        text = gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return True
    if version.bucket == lake.csv.name:
        return csv_parts.count(text, customer_id) > 0
    candidates = _candidates(text.split(b"\n"), customer_id)
    return any(redact(line, _only(customer_id)) != line for line in candidates)


def _only(customer_id: str) -> ModeOf:
    return lambda each: "anonymise" if each == customer_id else None
