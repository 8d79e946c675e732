# pyright: basic
# boto3 has no types; its S3 client is passed in as Any.
"""The lake's two S3 buckets: raw events, and the CSV built from them.

The conversion of raw lines to CSV is in flatten.py, the format of keys in domain/keys.py.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any

from isal import isal_zlib

from ecom_pipeline.domain import keys, ndjson
from ecom_pipeline.domain.envelope import Record

log = logging.getLogger(__name__)

_LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object's entry in a listing; `bytes` is its size."""

    key: str
    bytes: int
    etag: str


@dataclass(frozen=True, slots=True)
class ObjectBody:
    """An object's content and its ETag, for conditional puts."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket: generic operations on objects by key and prefix."""

    s3: Any
    name: str

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects under a prefix, in key order."""
        pages = self.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.name, Prefix=prefix):
            for each in page.get("Contents", []):
                yield ObjectInfo(each["Key"], each["Size"], each["ETag"].strip('"'))

    def own_objects(self, prefix: str, is_own: Callable[[str], bool]) -> Iterator[ObjectInfo]:
        """Yield the objects under a prefix whose keys are this pipeline's; log each other one."""
        for found in self.objects(prefix):
            if is_own(found.key):
                yield found
            else:
                self._skip(found.key)

    def days_under(self, prefix: str) -> list[date]:
        """Return the days that have any object under a prefix; log each other folder."""
        pages = self.s3.get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.name, Prefix=prefix, Delimiter="/")
        days: list[date] = []
        for each in (each["Prefix"] for page in found for each in page.get("CommonPrefixes", [])):
            try:
                days.append(keys.day_of(each))
            except keys.KeyFormatError:
                self._skip(each)
        return sorted(days)

    def _skip(self, key: str) -> None:
        log.warning(
            "skipped %r in the bucket %s: not written by this pipeline; move it to another bucket",
            key,
            self.name,
        )

    def has(self, key: str) -> bool:
        """Return whether an object has this key."""
        return any(found.key == key for found in self.objects(key))

    def read(self, key: str) -> ObjectBody | None:
        """Return an object; None when it does not exist."""
        try:
            answer = self.s3.get_object(Bucket=self.name, Key=key)
        except self.s3.exceptions.NoSuchKey:
            return None
        return ObjectBody(answer["Body"].read(), answer["ETag"])

    def put(self, key: str, body: bytes, **more: str) -> None:
        """Put an object; `more` are boto3 parameters of put_object: headers and conditions."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=body, **more)

    def put_first(self, key: str, body: bytes) -> None:
        """Put an object unless the key exists (conditional put)."""
        try:
            self.put(key, body, IfNoneMatch="*")
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _LOST_RACE:
                raise

    def remove(self, unwanted: Iterable[str]) -> None:
        """Delete objects; a key that does not exist is ignored."""
        for key in unwanted:
            self.s3.delete_object(Bucket=self.name, Key=key)


@dataclass(frozen=True, slots=True)
class RawBucket(Bucket):
    """The raw bucket: packed records by day, quarantine, tombstones and their salt."""

    def objects_of(self, day: date) -> list[ObjectInfo]:
        """Return a day's objects in key order: by shard, then in the stream's order.

        Retractions are among them (lake/retractions.py).
        """
        return list(self.own_objects(keys.raw_prefix(day), keys.is_record_object))

    def days(self) -> list[date]:
        """Return the days that have raw objects, sorted."""
        return self.days_under(keys.RAW)

    def inventory(self) -> Iterator[tuple[date, ObjectInfo]]:
        """Yield each raw object with its day."""
        for found in self.own_objects(keys.RAW, keys.is_record_object):
            yield keys.day_of(found.key), found

    def quarantined(
        self, received: date | None = None, aside: str = keys.QUARANTINE
    ) -> Iterator[ObjectInfo]:
        """Yield the objects in quarantine, or DISCARDED ones, of one day of receipt or of all."""
        day = f"received_date={received}/" if received else ""
        yield from self.own_objects(aside + day, keys.is_record_object)

    def lines(self, key: str) -> Iterator[bytes]:
        """Yield the lines of an object.

        Raises:
            DamagedObjectError: the object does not match its metadata.
        """
        answer = self.s3.get_object(Bucket=self.name, Key=key)
        # isal takes half of zlib's time (2026-11-27); the Lambda zip does not include it
        return ndjson.unpack(key, answer["Body"].read(), answer["Metadata"], isal_zlib)

    def count(self, key: str) -> int:
        """Return the number of records in an object's metadata; 0 when it does not exist."""
        try:
            metadata = self.s3.head_object(Bucket=self.name, Key=key)["Metadata"]
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
                raise
            return 0
        return int(metadata.get("rows", 1))  # an object without the metadata counts as one record

    def write_records(self, key: str, records: Iterable[Record]) -> None:
        """Put records as an object, with row count and SHA-256 in its metadata."""
        self._put_packed(key, ndjson.pack(records))

    def write_lines(self, key: str, lines: Sequence[bytes]) -> None:
        """Put encoded records as an object, with row count and SHA-256 in its metadata."""
        self._put_packed(key, ndjson.pack_lines(lines))

    def write_first(self, key: str, lines: Sequence[bytes]) -> bool:
        """Put encoded records unless the key exists; return whether the object is this one."""
        packed = ndjson.pack_lines(lines)
        try:
            self._put_packed(key, packed, IfNoneMatch="*")
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _LOST_RACE:
                raise
            now = self.read(key)  # after a put whose response was lost, it is our own object
            return now is not None and now.body == packed.body
        return True

    def _put_packed(self, key: str, packed: ndjson.Packed, **condition: str) -> None:
        self.s3.put_object(
            Bucket=self.name,
            Key=key,
            Body=packed.body,
            ContentType=ndjson.CONTENT_TYPE,
            ContentEncoding=ndjson.CONTENT_ENCODING,
            Metadata=packed.metadata,
            **condition,
        )


@dataclass(frozen=True, slots=True)
class CsvBucket(Bucket):
    """The CSV bucket: each day's parts and the manifest that commits them; the report's page."""

    object_link: str

    def link(self, key: str) -> str:
        """Return the URL at which a person can open an object."""
        return self.object_link.format(bucket=self.name, key=key)

    def days(self) -> list[date]:
        """Return the days that have CSV objects, committed or not, sorted."""
        return self.days_under(keys.CSV)

    def part_keys(self, day: date) -> list[str]:
        """Return the keys of a day's parts, including those in no manifest."""

        def is_own(key: str) -> bool:
            return keys.is_csv_part(key) or key == keys.manifest_key(day)

        found = self.own_objects(keys.csv_prefix(day), is_own)
        return [each.key for each in found if keys.is_csv_part(each.key)]

    def write_part(self, key: str, body: bytes) -> None:
        """Put a part of a day's CSV."""
        self.put(key, body, ContentType="text/csv")

    def write_json(self, key: str, body: bytes, **condition: str) -> None:
        """Put a JSON object; `condition` are boto3's IfMatch or IfNoneMatch."""
        self.put(key, body, ContentType="application/json", **condition)

    def write_page(self, key: str, page: str) -> None:
        """Put an HTML page."""
        self.put(key, page.encode(), ContentType="text/html; charset=utf-8")

    def replace_manifest(self, key: str, body: bytes, before: ObjectBody | None) -> bool:
        """Replace the manifest `before` (compare-and-set); False when it has changed since.

        If the response of a put is lost, the SDK's retry fails its condition although the put
        succeeded. So the object is read back and compared.
        """
        condition = {"IfMatch": before.etag} if before else {"IfNoneMatch": "*"}
        try:
            self.write_json(key, body, **condition)
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _LOST_RACE:
                raise
            now = self.read(key)
            return now is not None and now.body == body
        return True


@dataclass(frozen=True, slots=True)
class Lake:
    """The two buckets, with their shared S3 client."""

    s3: Any
    raw: RawBucket
    csv: CsvBucket
