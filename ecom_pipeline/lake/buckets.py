# pyright: basic
# boto3 has no types; its S3 client is passed in as Any.
"""The lake's two S3 buckets: raw events, and the CSV built from them.

The conversion of raw lines to CSV is in flatten.py, the format of keys in domain/keys.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any

from isal import isal_zlib

from ecom_pipeline.domain import keys, ndjson
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.envelope import Record
from ecom_pipeline.domain.running import RunningDays
from ecom_pipeline.lake.bucket import LOST_RACE, Bucket, ObjectBody, ObjectInfo


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

    def inventory(self, days: DayRange | None = None) -> Iterator[tuple[date, ObjectInfo]]:
        """Yield each raw object of a range of days, or of all, with its day."""
        after = keys.raw_prefix(days.first) if days else ""
        for found in self.own_objects(keys.RAW, keys.is_record_object, after):
            day = keys.day_of(found.key)
            if days and day > days.last:
                return
            yield day, found

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
            if error.response["Error"]["Code"] not in LOST_RACE:
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
            if error.response["Error"]["Code"] not in LOST_RACE:
                raise
            now = self.read(key)
            return now is not None and now.body == body
        return True


@dataclass(frozen=True, slots=True)
class Lake:
    """The two buckets, with their shared S3 client; `running` decides whether a day is over."""

    s3: Any
    raw: RawBucket
    csv: CsvBucket
    running: RunningDays | None = None
