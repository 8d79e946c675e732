"""CSV as Redshift reads it, converted for PostgreSQL's COPY.

Belongs here: header lines, and which fields are NULL. Does not belong here: the source of the bytes
(s3_source.py) or their destination (load.py).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ecom_pipeline.local.redshift.dialect.lexer import quote
from ecom_pipeline.local.redshift.dialect.statement import Copy
from ecom_pipeline.local.redshift.errors import LoadError

_DEFAULT_NULL = re.compile(rb'(?:^|[,"\n])\\N(?:[",\r\n]|$)')


@dataclass(frozen=True, slots=True)
class Column:
    """A column to fill, with its PostgreSQL type."""

    name: str
    type: str

    @property
    def is_text(self) -> bool:
        """Whether an empty field may be a value."""
        return self.type.startswith("character")


def copy_options(copy: Copy, columns: list[Column]) -> str:
    """Return the options with which PostgreSQL reads the same fields as NULL as Redshift."""
    empty_is_null = copy.empty_as_null or copy.null_as == ""
    if copy.null_as and not empty_is_null:
        return "FORMAT csv"
    null = [quote(c.name) for c in columns if empty_is_null or not c.is_text]
    kept = [quote(c.name) for c in columns if c.is_text and not empty_is_null]
    options = ["FORMAT csv"]
    options += [f"FORCE_NULL ({', '.join(null)})"] if null else []
    options += [f"FORCE_NOT_NULL ({', '.join(kept)})"] if kept else []
    return ", ".join(options)


def records(copy: Copy, columns: list[Column], chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return an object's records as bytes for PostgreSQL's COPY."""
    body = _without_header(chunks, copy.ignore_header)
    if copy.null_as:
        return _with_nulls(copy, columns, body)
    return _checked(body) if copy.null_as is None else body


def _without_header(chunks: Iterable[bytes], lines: int) -> Iterator[bytes]:
    left = lines
    for chunk in chunks:
        rest = chunk
        while left and rest:
            _, newline, rest = rest.partition(b"\n")
            left -= bool(newline)
        if rest:
            yield rest


def _checked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    r"""Refuse a field \N without NULL AS: it is NULL in Redshift and text in PostgreSQL."""
    tail = b"\n"
    for chunk in chunks:
        seen = tail + chunk
        if b"\\N" in seen and _DEFAULT_NULL.search(seen):
            raise LoadError(r"a field is \N, COPY's default NULL: add NULL AS")
        tail = chunk[-3:]
        yield chunk


def _with_nulls(copy: Copy, columns: list[Column], chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Rewrite records: PostgreSQL has one text for NULL; Redshift has two with NULL AS.

    If empty is NULL in every column and the other text does not occur, a block stays as it is:
    rewriting takes about eight times as long as PostgreSQL's own reading.
    """
    null_text = (copy.null_as or "").encode()
    for block in _whole_records(chunks):
        if copy.empty_as_null and null_text not in block:
            yield block
        else:
            yield _anew(copy, columns, block)


def _whole_records(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut where a chunk's last newline ends a record: an even number of quotes precedes it."""
    left = b""
    for chunk in chunks:
        left += chunk
        end = left.rfind(b"\n") + 1
        if end and left.count(b'"', 0, end) % 2 == 0:
            yield left[:end]
            left = left[end:]
    if left:
        yield left


def _anew(copy: Copy, columns: list[Column], block: bytes) -> bytes:
    """Write an unquoted empty field for NULL, and a quoted one for any other value."""
    lines: list[str] = []
    text = block.decode("utf-8", "surrogateescape")  # PostgreSQL reports what is not UTF-8
    for record in csv.reader(io.StringIO(text, newline="")):
        fields = [_field(copy, value, columns, index) for index, value in enumerate(record)]
        lines.append(",".join(fields) + "\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


def _field(copy: Copy, value: str, columns: list[Column], index: int) -> str:
    is_text = index >= len(columns) or columns[index].is_text
    if value == copy.null_as or (value == "" and (copy.empty_as_null or not is_text)):
        return ""
    return '"' + value.replace('"', '""') + '"'
