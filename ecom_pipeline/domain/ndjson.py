"""An object of records: gzip lines of JSON, with metadata that say what it holds.

A cut at a line or at a gzip member's border is silent in every reader, so the number of rows and
the SHA-256 of the stored bytes travel with the object and are verified before a line is used.
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
    """An object does not hold what its metadata say."""


@dataclass(frozen=True, slots=True)
class Packed:
    """An object's body and its metadata."""

    body: bytes
    metadata: dict[str, str]


def pack(records: Iterable[Record]) -> Packed:
    """Return the object of some records; the same records make the same bytes (no time in it)."""
    return pack_lines([encode(record) for record in records])


def pack_lines(lines: Sequence[bytes]) -> Packed:
    """Return the object of records that are encoded already."""
    body = gzip.compress(b"".join(line + b"\n" for line in lines), compresslevel=6, mtime=0)
    digest = sha256(body).hexdigest()
    return Packed(body, {"rows": str(len(lines)), "sha256": digest})


def unpack(
    name: str, body: bytes, metadata: Mapping[str, str], library: Any = zlib
) -> Iterator[bytes]:
    """Yield an object's lines, after its bytes were verified; `library` has the names of zlib.

    Raises:
        DamagedObjectError: the bytes or the number of lines differ from the metadata.
    """
    return chain.from_iterable(_verified(name, body, metadata, library))


def _verified(
    name: str, body: bytes, metadata: Mapping[str, str], library: Any
) -> Iterator[Sequence[bytes]]:
    if sha256(body).hexdigest() != metadata.get("sha256"):
        raise DamagedObjectError(f"{name}: its SHA-256 is not the one in its metadata; restore it")
    rows = 0
    for lines in _blocks(name, body, library):
        rows += len(lines)
        yield lines
    if str(rows) != metadata.get("rows"):
        raise DamagedObjectError(
            f"{name}: {rows} rows, but its metadata say {metadata.get('rows')}"
        )


def _blocks(name: str, body: bytes, library: Any) -> Iterator[Sequence[bytes]]:
    """Yield lines, a block at a time, without ever holding the whole text."""
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
