"""Objects in S3 for COPY to load, and the COPY statements that load them."""

import gzip
import json
from typing import Any

ROLE = "iam_role 'arn:aws:iam::000000000000:role/copy'"
CSV = "format as csv gzip ignoreheader 1 timeformat 'auto' emptyasnull maxerror 0"


class Lake:
    """A bucket, and how to put files and manifests into it."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, key: str, data: bytes) -> dict[str, Any]:
        """Store an object and return its manifest entry."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=data)
        return self.entry(key, len(data))

    def put_csv(self, key: str, *lines: str) -> dict[str, Any]:
        """Store lines as gzip, behind a header."""
        return self.put(key, packed("header", *lines))

    def entry(self, key: str, length: int, *, mandatory: bool = True) -> dict[str, Any]:
        """Return a manifest entry for an object, there or not."""
        url = f"s3://{self._bucket}/{key}"
        return {"url": url, "mandatory": mandatory, "meta": {"content_length": length}}

    def manifest(self, key: str, *entries: dict[str, Any]) -> str:
        """Store a manifest and return its address."""
        self.put(key, json.dumps({"entries": list(entries)}).encode())
        return f"s3://{self._bucket}/{key}"

    def url(self, key: str) -> str:
        """Return an object's address."""
        return f"s3://{self._bucket}/{key}"


def packed(*lines: str) -> bytes:
    """Return lines as one gzip member."""
    return gzip.compress("".join(line + "\n" for line in lines).encode())


def copy_manifest(table: str, source: str) -> str:
    """Return the product's COPY."""
    return f"copy {table} from '{source}' {ROLE} manifest {CSV} compupdate off statupdate off"
