# pyright: basic
# boto3 carries no types; its S3 client is handed in as Any.
"""The lake's objects: list a day's raw ones, read them verified, write a day's CSV.

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
class Lake:
    """Two buckets: what arrived, and what was made of it."""

    s3: Any
    raw_bucket: str
    csv_bucket: str
    object_link: str

    def csv_link(self, key: str) -> str:
        """Return where a person looks at an object of the CSV bucket."""
        return self.object_link.format(bucket=self.csv_bucket, key=key)

    def raw_objects(self, day: date) -> list[ObjectInfo]:
        """Return a day's raw objects in the order of the stream."""
        return list(self._list(self.raw_bucket, keys.raw_prefix(day)))

    def raw_days(self) -> list[date]:
        """Return the days that have a raw object."""
        return self._days(self.raw_bucket, keys.RAW)

    def csv_days(self) -> list[date]:
        """Return the days that have any object of CSV, committed or not."""
        return self._days(self.csv_bucket, keys.CSV)

    def raw_inventory(self) -> Iterator[tuple[date, ObjectInfo]]:
        """Yield every raw object with its day."""
        for found in self._list(self.raw_bucket, keys.RAW):
            yield keys.day_of(found.key), found

    def raw_lines(self, key: str) -> Iterator[bytes]:
        """Yield the lines of a raw object, after its bytes were verified."""
        answer = self.s3.get_object(Bucket=self.raw_bucket, Key=key)
        # half of zlib's time (2026-11-27); in Lambda, zlib is what there is
        return ndjson.unpack(key, answer["Body"].read(), answer["Metadata"], isal_zlib)

    def records(self, key: str) -> int:
        """Return how many records an object of the raw bucket says it holds; 0 when it is gone."""
        try:
            metadata = self.s3.head_object(Bucket=self.raw_bucket, Key=key)["Metadata"]
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
                raise
            return 0
        return int(metadata.get("rows", 1))  # what does not say is one thing to look at

    def write_records(self, key: str, records: Iterable[Record]) -> None:
        """Put records as an object of the raw bucket, with what it holds in its metadata."""
        self._put_packed(key, ndjson.pack(records))

    def write_lines(self, key: str, lines: Sequence[bytes]) -> None:
        """Put encoded records as an object of the raw bucket."""
        self._put_packed(key, ndjson.pack_lines(lines))

    def _put_packed(self, key: str, packed: ndjson.Packed) -> None:
        self.s3.put_object(
            Bucket=self.raw_bucket,
            Key=key,
            Body=packed.body,
            ContentType=ndjson.CONTENT_TYPE,
            ContentEncoding=ndjson.CONTENT_ENCODING,
            Metadata=packed.metadata,
        )

    def objects(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the raw bucket's objects under a prefix, in the order of their keys."""
        return self._list(self.raw_bucket, prefix)

    def has(self, key: str) -> bool:
        """Return whether the raw bucket has an object."""
        return any(found.key == key for found in self.objects(key))

    def read_raw(self, key: str) -> bytes | None:
        """Return an object of the raw bucket that holds no records; None when it is not there."""
        try:
            return self.s3.get_object(Bucket=self.raw_bucket, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None

    def put(self, key: str, body: bytes, **condition: str) -> None:
        """Put an object that holds no records into the raw bucket."""
        self.s3.put_object(Bucket=self.raw_bucket, Key=key, Body=body, **condition)

    def put_first(self, key: str, body: bytes) -> None:
        """Put such an object unless there is one."""
        try:
            self.put(key, body, IfNoneMatch="*")
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _LOST_RACE:
                raise

    def remove_records(self, unwanted: Iterable[str]) -> None:
        """Remove objects of records from the raw bucket."""
        for key in unwanted:
            self.s3.delete_object(Bucket=self.raw_bucket, Key=key)

    def csv_part_keys(self, day: date) -> list[str]:
        """Return the keys of a day's parts, those of no manifest included."""
        found = self._list(self.csv_bucket, keys.csv_prefix(day))
        return [each.key for each in found if each.key != keys.manifest_key(day)]

    def write_part(self, key: str, body: bytes) -> None:
        """Put a part of a day's CSV."""
        self.s3.put_object(Bucket=self.csv_bucket, Key=key, Body=body, ContentType="text/csv")

    def remove_parts(self, unwanted: Iterable[str]) -> None:
        """Remove parts that a newer manifest no longer names."""
        for key in unwanted:
            self.s3.delete_object(Bucket=self.csv_bucket, Key=key)

    def read_csv(self, key: str) -> ObjectBody | None:
        """Return an object of the CSV bucket, or None when it is not there."""
        try:
            answer = self.s3.get_object(Bucket=self.csv_bucket, Key=key)
        except self.s3.exceptions.NoSuchKey:
            return None
        return ObjectBody(answer["Body"].read(), answer["ETag"])

    def write_json(self, key: str, body: bytes) -> None:
        """Put a JSON object into the CSV bucket."""
        self.s3.put_object(
            Bucket=self.csv_bucket, Key=key, Body=body, ContentType="application/json"
        )

    def write_page(self, key: str, page: str) -> None:
        """Put a page that a browser shows into the CSV bucket."""
        self.s3.put_object(
            Bucket=self.csv_bucket,
            Key=key,
            Body=page.encode(),
            ContentType="text/html; charset=utf-8",
        )

    def replace_manifest(self, key: str, body: bytes, before: ObjectBody | None) -> bool:
        """Put a manifest in the place of the one that was read; False when that one has gone.

        A refused condition lies when the answer to our own put was lost, so it is read back.
        """
        condition = {"IfMatch": before.etag} if before else {"IfNoneMatch": "*"}
        try:
            self.s3.put_object(
                Bucket=self.csv_bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                **condition,
            )
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _LOST_RACE:
                raise
            now = self.read_csv(key)
            return now is not None and now.body == body
        return True

    def _days(self, bucket: str, prefix: str) -> list[date]:
        pages = self.s3.get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        prefixes = (each["Prefix"] for page in found for each in page.get("CommonPrefixes", []))
        return sorted(keys.day_of(each) for each in prefixes)

    def _list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        pages = self.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix):
            for each in page.get("Contents", []):
                yield ObjectInfo(each["Key"], each["Size"], each["ETag"].strip('"'))
