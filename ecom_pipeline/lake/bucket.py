# pyright: basic
# boto3 has no types; its S3 client is passed in as Any.
"""A bucket: operations on objects by key and prefix; the lake's two are in buckets.py."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ecom_pipeline.domain import keys

log = logging.getLogger(__name__)

LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object's entry in a listing; `bytes` is its size, `written` when it was last put."""

    key: str
    bytes: int
    etag: str
    written: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ObjectBody:
    """An object's content and its ETag, for conditional puts."""

    body: bytes
    etag: str
    written: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket: generic operations on objects by key and prefix."""

    s3: Any
    name: str

    def objects(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects under a prefix whose keys are greater than `after`, in key order."""
        pages = self.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.name, Prefix=prefix, StartAfter=after):
            for each in page.get("Contents", []):
                size, etag = each["Size"], each["ETag"].strip('"')
                yield ObjectInfo(each["Key"], size, etag, each["LastModified"])

    def own_objects(
        self, prefix: str, is_own: Callable[[str], bool], after: str = ""
    ) -> Iterator[ObjectInfo]:
        """Yield the objects of `objects` whose keys are this pipeline's; log each other one."""
        for found in self.objects(prefix, after):
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
        return ObjectBody(answer["Body"].read(), answer["ETag"], answer["LastModified"])

    def put(self, key: str, body: bytes, **more: str) -> None:
        """Put an object; `more` are boto3 parameters of put_object: headers and conditions."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=body, **more)

    def put_first(self, key: str, body: bytes) -> None:
        """Put an object unless the key exists (conditional put)."""
        try:
            self.put(key, body, IfNoneMatch="*")
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in LOST_RACE:
                raise

    def remove(self, unwanted: Iterable[str]) -> None:
        """Delete objects; a key that does not exist is ignored."""
        for key in unwanted:
            self.s3.delete_object(Bucket=self.name, Key=key)
