"""The objects that a COPY reads, and their bytes.

Belongs here: manifests, listings, streams, gzip; each of their errors is a LoadError. Does not
belong here: the meaning of the bytes (records.py) or the database.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from isal import isal_zlib

from ecom_pipeline.local.redshift.dialect.statement import Copy
from ecom_pipeline.local.redshift.errors import LoadError

_CHUNK = 1 << 18  # bytes
_INFLATED = 1 << 20  # bytes; 256 kB of gzip can hold 256 MB
_GZIP = 31  # zlib's window bits for gzip, with header and checksum


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object to load; `length` is its size in bytes in the manifest, if that has one."""

    bucket: str
    key: str
    length: int | None = None
    mandatory: bool = True

    @property
    def url(self) -> str:
        """The object's address in Redshift's format."""
        return f"s3://{self.bucket}/{self.key}"


def connect(endpoint: str, region: str) -> Any:
    """Return an S3 client for the local endpoint, without real credentials."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator accepts any
    )


def objects_of(s3: Any, copy: Copy) -> list[S3Object]:
    """Return the objects that a COPY names, in order."""
    if copy.manifest:
        return list(_in_manifest(s3, _at(copy.source)))
    return _under_prefix(s3, _at(copy.source))


def chunks(s3: Any, item: S3Object, *, gzip: bool) -> Iterator[bytes] | None:
    """Return an object's uncompressed bytes, or None if it is missing and not mandatory.

    Raises:
        LoadError: it can't be read, or its size differs from the manifest.
    """
    with _s3_errors(item):
        try:
            found = s3.get_object(Bucket=item.bucket, Key=item.key)
        except s3.exceptions.NoSuchKey:
            if item.mandatory:
                raise
            return None
    actual = found["ContentLength"]
    if item.length not in {None, actual}:
        raise LoadError(f"content_length of {item.url} is {actual}, its manifest has {item.length}")
    return _gunzip(_read(found["Body"], item), item) if gzip else _read(found["Body"], item)


def _in_manifest(s3: Any, manifest: S3Object) -> Iterator[S3Object]:
    with _s3_errors(manifest):
        text = s3.get_object(Bucket=manifest.bucket, Key=manifest.key)["Body"].read()
    try:
        entries = json.loads(text)["entries"]
        for entry in entries:
            named = _at(entry["url"])
            length = entry.get("meta", {}).get("content_length")
            yield S3Object(named.bucket, named.key, length, bool(entry.get("mandatory", False)))
    except (KeyError, TypeError, ValueError) as error:
        raise LoadError(f"{manifest.url} is not a COPY manifest: {error!r}") from None


def _under_prefix(s3: Any, prefix: S3Object) -> list[S3Object]:
    with _s3_errors(prefix):
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=prefix.bucket, Prefix=prefix.key
        )
        keys = sorted(found["Key"] for page in pages for found in page.get("Contents", ()))
    if not keys:
        raise LoadError(f"The specified S3 prefix '{prefix.key}' does not exist")
    return [S3Object(prefix.bucket, key) for key in keys]


def _at(url: str) -> S3Object:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return S3Object(bucket, key)


def _read(body: Any, item: S3Object) -> Iterator[bytes]:
    with _s3_errors(item):
        yield from body.iter_chunks(_CHUNK)


def _gunzip(packed: Iterator[bytes], item: S3Object) -> Iterator[bytes]:
    """Decompress any number of gzip members; zlib reports no error for a truncated one."""
    inflater = isal_zlib.decompressobj(_GZIP)
    for chunk in packed:
        rest = chunk
        while rest:
            if inflater.eof:
                inflater = isal_zlib.decompressobj(_GZIP)
            try:
                yield inflater.decompress(rest, _INFLATED)
            except isal_zlib.error as error:  # pyright: ignore - its stub has an instance
                raise LoadError(f"{item.url} is not valid gzip: {error}") from None
            rest = inflater.unused_data or inflater.unconsumed_tail
    while not inflater.eof and (last := inflater.decompress(b"", _INFLATED)):
        yield last
    if not inflater.eof:
        raise LoadError(f"{item.url} is not valid gzip: it ends too early")


@contextmanager
def _s3_errors(item: S3Object) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        about = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        reason = f"S3ServiceException:{about.get('Message')},Status {status},Error"
        raise LoadError(f"{reason} {about.get('Code')}, object {item.url}") from None
    except BotoCoreError as error:
        raise LoadError(f"S3 could not be read, object {item.url}: {error}") from None
