"""S3 objects of records: gzip-compressed JSON lines, with row count and SHA-256 as metadata.

No reader detects a truncation at a line or at a gzip member's border. So the number of rows and
the SHA-256 of the stored bytes are in the object's metadata, and are verified when it is read.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import Any

from ecom_pipeline.domain.envelope import Record, encode
from ecom_pipeline.domain.errors import EcomError

CONTENT_TYPE = "application/x-ndjson"
CONTENT_ENCODING = "gzip"
_CHUNK = 1 << 16


class DamagedObjectError(EcomError):
    """An object whose content does not match its metadata."""


@dataclass(frozen=True, slots=True)
class Packed:
    """An object's body and its metadata."""

    body: bytes
    metadata: dict[str, str]


def pack(records: Iterable[Record]) -> Packed:
    """Return records as an object; equal records give equal bytes (it contains no time)."""
    return pack_lines([encode(record) for record in records])


def pack_lines(lines: Sequence[bytes]) -> Packed:
    """Return encoded records as an object."""
    body = gzip.compress(b"".join(line + b"\n" for line in lines), compresslevel=6, mtime=0)
    digest = sha256(body).hexdigest()
    return Packed(body, {"rows": str(len(lines)), "sha256": digest})


def unpack(
    name: str, body: bytes, metadata: Mapping[str, str], library: Any = zlib
) -> Iterator[bytes]:
    """Yield an object's lines; `library` has the interface of zlib.

    The SHA-256 is verified before the first line, the number of rows after the last one.

    Raises:
        DamagedObjectError: the bytes or the number of lines differ from the metadata.
    """
    return chain.from_iterable(_verified(name, body, metadata, library))


def _verified(
    name: str, body: bytes, metadata: Mapping[str, str], library: Any
) -> Iterator[Sequence[bytes]]:
    if "sha256" not in metadata:
        raise DamagedObjectError(
            f"{name}: its metadata has no SHA-256, so nobody knows if it is whole: it was not"
            " written by the archive function, or copied without its metadata; remove it, or copy"
            " it again with its metadata"
        )
    if sha256(body).hexdigest() != metadata["sha256"]:
        raise DamagedObjectError(f"{name}: its SHA-256 is not the one in its metadata; restore it")
    rows = 0
    for lines in _blocks(name, body, library):
        rows += len(lines)
        yield lines
    if str(rows) != metadata.get("rows"):
        raise DamagedObjectError(
            f"{name}: {rows} rows, but its metadata has {metadata.get('rows')}; restore it"
        )


def _blocks(name: str, body: bytes, library: Any) -> Iterator[Sequence[bytes]]:
    """Yield blocks of lines; the whole text is never in memory."""
    inflate = library.decompressobj(wbits=31)
    rest = b""
    try:
        for start in range(0, len(body), _CHUNK):
            rest += inflate.decompress(body[start : start + _CHUNK])
            *whole, rest = rest.split(b"\n")
            yield whole
    except library.error as error:
        raise DamagedObjectError(f"{name}: not gzip ({error}); restore it") from error
    if rest or not inflate.eof:
        raise DamagedObjectError(f"{name}: it ends in the middle of a line; restore it")
