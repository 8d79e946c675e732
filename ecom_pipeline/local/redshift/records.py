"""CSV as Redshift reads it, handed to PostgreSQL as PostgreSQL reads it.

Belongs here: header lines, and which fields are NULL. Does not belong here: where the bytes come
from (s3_source.py) or go to (load.py).
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
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """A column to fill, with its type in PostgreSQL's words."""

    name: str
    type: str

    @property
    def is_text(self) -> bool:
        """Whether an empty field may be a value."""
        return self.type.startswith("character")


def copy_options(copy: Copy, columns: list[Column]) -> str:
    """Return the options with which PostgreSQL takes NULL for what Redshift does."""
    if _rewritten(copy):
        return "FORMAT csv"
    empty_is_null = copy.empty_as_null or copy.null_as == ""
    null = [quote(c.name) for c in columns if empty_is_null or not c.is_text]
    kept = [quote(c.name) for c in columns if c.is_text and not empty_is_null]
    options = ["FORMAT csv"]
    options += [f"FORCE_NULL ({', '.join(null)})"] if null else []
    options += [f"FORCE_NOT_NULL ({', '.join(kept)})"] if kept else []
    return ", ".join(options)


def records(copy: Copy, columns: list[Column], chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return an object's records as bytes for PostgreSQL's COPY."""
    body = _without_header(chunks, copy.ignore_header)
    if _rewritten(copy):
        return _with_nulls(copy, columns, body)
    return _checked(body) if copy.null_as is None else body


def _rewritten(copy: Copy) -> bool:
    """PostgreSQL knows one text for NULL; with NULL AS, Redshift has two."""
    return bool(copy.null_as)


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
    r"""Without NULL AS, Redshift takes a field \N for NULL and PostgreSQL takes it for text."""
    tail = b"\n"
    for chunk in chunks:
        seen = tail + chunk
        if b"\\N" in seen and _DEFAULT_NULL.search(seen):
            raise LoadError(r"a field is \N, COPY's default NULL: say NULL AS to decide")
        tail = chunk[-3:]
        yield chunk


def _with_nulls(copy: Copy, columns: list[Column], chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Write every record anew: an unquoted empty field is NULL, a quoted one is not."""
    text = io.TextIOWrapper(io.BufferedReader(_Stream(chunks)), "utf-8", newline="")
    lines: list[str] = []
    for record in csv.reader(text):
        fields = [_field(copy, value, columns, place) for place, value in enumerate(record)]
        lines.append(",".join(fields) + "\n")
        if len(lines) == _BATCH:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def _field(copy: Copy, value: str, columns: list[Column], place: int) -> str:
    is_text = place >= len(columns) or columns[place].is_text
    if value == copy.null_as or (value == "" and (copy.empty_as_null or not is_text)):
        return ""
    return '"' + value.replace('"', '""') + '"'


class _Stream(io.RawIOBase):
    """Chunks as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = chunk
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size
