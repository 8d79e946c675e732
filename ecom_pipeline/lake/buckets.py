# pyright: basic
# boto3 carries no types; its S3 client is handed in as Any.
"""The lake's two buckets: what arrived, and what was made of it.

What a day's rows are is in flatten.py; how a key is spelled is in domain/keys.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any

from isal import isal_zlib

from ecom_pipeline.domain import keys, ndjson
from ecom_pipeline.domain.envelope import Record

_LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as a listing shows it."""

    key: str
    bytes: int
    etag: str


@dataclass(frozen=True, slots=True)
class ObjectBody:
    """An object's bytes, and the tag that tells whether it is still the same."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket: its objects by key and prefix, whatever they hold."""

    s3: Any
    name: str

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects under a prefix, in the order of their keys."""
        pages = self.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.name, Prefix=prefix):
            for each in page.get("Contents", []):
                yield ObjectInfo(each["Key"], each["Size"], each["ETag"].strip('"'))

    def days_under(self, prefix: str) -> list[date]:
        """Return the days that have any object under a prefix."""
        pages = self.s3.get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.name, Prefix=prefix, Delimiter="/")
        prefixes = (each["Prefix"] for page in found for each in page.get("CommonPrefixes", []))
        return sorted(keys.day_of(each) for each in prefixes)

    def has(self, key: str) -> bool:
        """Return whether there is such an object."""
        return any(found.key == key for found in self.objects(key))

    def read(self, key: str) -> ObjectBody | None:
        """Return an object, or None when it is not there."""
        try:
            answer = self.s3.get_object(Bucket=self.name, Key=key)
        except self.s3.exceptions.NoSuchKey:
            return None
        return ObjectBody(answer["Body"].read(), answer["ETag"])

    def put(self, key: str, body: bytes, **more: str) -> None:
        """Put an object; `more` are headers and conditions as boto3 names them."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=body, **more)

    def put_first(self, key: str, body: bytes) -> None:
        """Put an object unless there is one."""
        try:
            self.put(key, body, IfNoneMatch="*")
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _LOST_RACE:
                raise

    def remove(self, unwanted: Iterable[str]) -> None:
        """Remove objects; one that is not there is fine."""
        for key in unwanted:
            self.s3.delete_object(Bucket=self.name, Key=key)


@dataclass(frozen=True, slots=True)
class RawBucket(Bucket):
    """What arrived: packed records by day, quarantine, and what erasure needs."""

    def objects_of(self, day: date) -> list[ObjectInfo]:
        """Return a day's objects in the order of the stream."""
        return list(self.objects(keys.raw_prefix(day)))

    def days(self) -> list[date]:
        """Return the days that have an object."""
        return self.days_under(keys.RAW)

    def inventory(self) -> Iterator[tuple[date, ObjectInfo]]:
        """Yield every object of events with its day."""
        for found in self.objects(keys.RAW):
            yield keys.day_of(found.key), found

    def lines(self, key: str) -> Iterator[bytes]:
        """Yield the lines of an object, after its bytes were verified."""
        answer = self.s3.get_object(Bucket=self.name, Key=key)
        # half of zlib's time (2026-11-27); in Lambda, zlib is what there is
        return ndjson.unpack(key, answer["Body"].read(), answer["Metadata"], isal_zlib)

    def count(self, key: str) -> int:
        """Return how many records an object says it holds; 0 when it is gone."""
        try:
            metadata = self.s3.head_object(Bucket=self.name, Key=key)["Metadata"]
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
                raise
            return 0
        return int(metadata.get("rows", 1))  # what does not say is one thing to look at

    def write_records(self, key: str, records: Iterable[Record]) -> None:
        """Put records as an object, with what it holds in its metadata."""
        self._put_packed(key, ndjson.pack(records))

    def write_lines(self, key: str, lines: Sequence[bytes]) -> None:
        """Put encoded records as an object."""
        self._put_packed(key, ndjson.pack_lines(lines))

    def _put_packed(self, key: str, packed: ndjson.Packed) -> None:
        self.s3.put_object(
            Bucket=self.name,
            Key=key,
            Body=packed.body,
            ContentType=ndjson.CONTENT_TYPE,
            ContentEncoding=ndjson.CONTENT_ENCODING,
            Metadata=packed.metadata,
        )


@dataclass(frozen=True, slots=True)
class CsvBucket(Bucket):
    """What was made of it: a day's parts and the manifest that commits them; the report's page."""

    object_link: str

    def link(self, key: str) -> str:
        """Return where a person looks at an object."""
        return self.object_link.format(bucket=self.name, key=key)

    def days(self) -> list[date]:
        """Return the days that have any object, committed or not."""
        return self.days_under(keys.CSV)

    def part_keys(self, day: date) -> list[str]:
        """Return the keys of a day's parts, those of no manifest included."""
        found = self.objects(keys.csv_prefix(day))
        return [each.key for each in found if each.key != keys.manifest_key(day)]

    def write_part(self, key: str, body: bytes) -> None:
        """Put a part of a day's CSV."""
        self.put(key, body, ContentType="text/csv")

    def write_json(self, key: str, body: bytes, **condition: str) -> None:
        """Put a JSON object."""
        self.put(key, body, ContentType="application/json", **condition)

    def write_page(self, key: str, page: str) -> None:
        """Put a page that a browser shows."""
        self.put(key, page.encode(), ContentType="text/html; charset=utf-8")

    def replace_manifest(self, key: str, body: bytes, before: ObjectBody | None) -> bool:
        """Put a manifest in the place of the one that was read; False when that one has gone.

        A refused condition lies when the answer to our own put was lost, so it is read back.
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
    """The two buckets, reached by one client."""

    s3: Any
    raw: RawBucket
    csv: CsvBucket
