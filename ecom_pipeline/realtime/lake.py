"""Writes of records to the raw bucket, with row count and SHA-256 as metadata."""

from collections.abc import Iterable

from ecom_pipeline.domain import ndjson
from ecom_pipeline.domain.envelope import Record
from ecom_pipeline.realtime.clients import client, env


def write(key: str, records: Iterable[Record]) -> None:
    """Put records as one object; equal records give equal bytes."""
    packed = ndjson.pack(records)
    client("s3").put_object(
        Bucket=env("RAW_BUCKET"),
        Key=key,
        Body=packed.body,
        ContentType=ndjson.CONTENT_TYPE,
        ContentEncoding=ndjson.CONTENT_ENCODING,
        Metadata=packed.metadata,
    )
