"""Rows of a text file whose fields are separated: by what, with which quotes, in which encoding.

Rows are parsed strictly, by the csv module, in the encoding that text_scan.py found. Columns are
found in columns.py.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple, Protocol

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay import columns, encoding, numbers
from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.columns import Header
from ecom_pipeline.replay.content import Content
from ecom_pipeline.replay.errors import DatasetError, NoRowsError
from ecom_pipeline.replay.table import Block, Table
from ecom_pipeline.replay.text_scan import Scan

BLOCK_ROWS = 500  # fewer lists than start a garbage collection: with 4,000 it takes 0.8 s in all

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_HEADER_LINES = 20  # the header is among them
_SEP = re.compile(r'"?sep=(.)"?,*', re.IGNORECASE)
_BLANK = " \t\x1a"  # the last is an old end-of-file mark
_BREAK = re.compile(r"\r\n|\r|\n")


class _Layout(NamedTuple):
    """Where the header is, and how its line is separated."""

    line: int
    separator: str
    header: Header
    before: list[str]


class Delimited:
    """A text file of separated fields, with a header."""

    def __init__(
        self, content: Content, found: Scan, choices: Choices, *, escaped: bool = False
    ) -> None:
        self.content = content
        self._scan = found
        self._choices = choices
        self._escaped = escaped
        layout = self._layout(choices)
        self.header = layout.header
        self.notes = layout.before
        self._line, self._separator = layout.line, layout.separator
        self._width = max(n for n, name in enumerate(self.header.names, 1) if name.strip())
        self._shift = self._row_names()

    @property
    def form(self) -> str:
        quotes = ", quotes with a backslash" if self._escaped else ""
        by = _SEPARATORS.get(self._separator, repr(self._separator))
        return f"separated by {by}, {encoding.name_of(self._scan.encoding)}{quotes}"

    def escaping(self) -> "Delimited | None":
        """Return a reader for quotes escaped by a backslash, as Spark's; None if there are none.

        Raises:
            DatasetError: backslashes may be escaped as well.
        """
        if not self._scan.escaped:
            return None
        if self._scan.doubtful:
            raise DatasetError(
                f"{self.content.path} escapes quotes with a backslash, and has two backslashes in"
                ' a row, which may mean one: write quotes twice; in Spark .option("escape", \'"\')'
            )
        return Delimited(self.content, self._scan, self._choices, escaped=True)

    def require_plain(self, table: Table) -> None:
        """Refuse a text in which a quote outside of quotes may be escaped by a backslash."""
        if not self._scan.bare:
            return
        for column, texts in enumerate(table.texts):
            for code, text in enumerate(texts):
                if '\\"' in text:
                    raise DatasetError(
                        f"{self.content.path}, {table.where(column, code)}, where the backslash may"
                        " be a text or escape the quote: write quotes twice, in quotes"
                    )

    def _layout(self, choices: Choices) -> _Layout:
        with self._lines() as handle:
            lines = [line.rstrip("\r\n") for line in islice(handle, _HEADER_LINES)]
        if not any(line.strip() for line in lines):
            raise NoRowsError(f"{self.content.path} is empty: get the data set again")
        said = _SEP.fullmatch(lines[0].strip())
        candidates = [said[1]] if said else list(_SEPARATORS)
        layouts = [
            _Layout(number, separator, columns.find(_fields(line, separator), choices.columns), [])
            for number, line in enumerate(lines, 1)
            for separator in candidates
        ]
        best = max(layouts, key=lambda each: (each.header.found, len(each.header.names) > 1))
        if not best.header.complete:
            first = layouts[len(candidates) if said else 0]
            raise DatasetError(self._no_header(best if best.header.found else first, lines))
        before = [line for line in lines[: best.line - 1] if line.strip() and not _SEP.match(line)]
        return best._replace(before=[f"before the header: {line[:60]!r}" for line in before])

    def _no_header(self, best: _Layout, lines: Sequence[str]) -> str:
        if not best.header.found:
            for separator in _SEPARATORS:
                fields = _fields(lines[best.line - 1], separator)
                if len(fields) >= len(DATA_SET_KEYS) and any(
                    numbers.read(each, ".") is not None for each in fields
                ):
                    names = separator.join(DATA_SET_KEYS)
                    return (
                        f"{self.content.path}, line {best.line}, has values where the columns'"
                        f" names are expected: put a line like {names!r} first"
                    )
        return f"{self.content.path} {best.header.fault()}"

    @contextmanager
    def _lines(self) -> Iterator[io.TextIOWrapper]:
        with (
            self.content.opened() as handle,
            io.TextIOWrapper(handle, encoding=self._scan.encoding, newline="") as text,
        ):
            yield text

    def blocks(self) -> Iterator[tuple[int, Block]]:
        """Yield the rows.

        Raises:
            DatasetError: a row has another number of fields than the header, or broken quotes.
        """
        width = self._width + self._shift
        positions = [position + self._shift for position in self.header.positions]
        with self._lines() as handle:
            reader, done = self._reader(handle), 0
            while rows := self._next(reader):
                lines = self._numbered(rows, done, reader.line_num)
                done = reader.line_num
                if set(map(len, rows)) != {width}:
                    lines, rows = self._mended(lines, rows, width)
                if rows:
                    found = list(zip(*rows, strict=True))
                    yield 0, Block(lines, [found[position] for position in positions])

    def _reader(self, handle: io.TextIOWrapper) -> "_Reader":
        for _ in range(self._line):
            handle.readline()
        lines = (line.replace('\\"', '""') for line in handle) if self._escaped else handle
        return csv.reader(lines, delimiter=self._separator, strict=True)

    def _row_names(self) -> int:
        """Return 1 if rows begin with their number without a name in the header, as R writes."""
        with self._lines() as handle:
            try:
                first = next(self._reader(handle), [])
            except csv.Error:
                return 0
        surplus = len(first) == len(self.header.names) + 1
        if not surplus or first[0] not in {"0", "1"} or not first[-1].strip():
            return 0
        self.notes.append("left out: row numbers without a name")
        return 1

    def _next(self, reader: "_Reader") -> list[list[str]]:
        try:
            return list(islice(reader, BLOCK_ROWS))
        except csv.Error:
            raise DatasetError(self._broken()) from None

    def _numbered(self, rows: list[list[str]], done: int, end: int) -> Sequence[int]:
        """Return the line at which each row begins; fields may have line ends in them."""
        start = self._line + done + 1
        if end - done == len(rows):
            return range(start, start + len(rows))
        lines: list[int] = []
        for row in rows:
            lines.append(start)
            start += 1 + sum(len(_BREAK.findall(text)) for text in row)
        return lines

    def _mended(
        self, lines: Sequence[int], rows: list[list[str]], width: int
    ) -> tuple[list[int], list[list[str]]]:
        """Leave out blank lines, and empty fields at the end of rows that are too long."""
        kept: list[int] = []
        mended: list[list[str]] = []
        for line, row in zip(lines, rows, strict=True):
            if len(row) <= 1 and not "".join(row).strip(_BLANK):
                continue
            if len(row) < width or any(text.strip() for text in row[width:]):
                raise DatasetError(
                    f"{self.content.path}, line {line}: {len(row)} fields, expected {width};"
                    " fix that line, or get the data set again"
                )
            kept.append(line)
            mended.append(row[:width])
        return kept, mended

    def _broken(self) -> str:
        """Return the message on the first row whose quotes are broken."""
        line = self._line
        with self._lines() as handle:
            reader = self._reader(handle)
            try:
                for _ in reader:
                    line = self._line + reader.line_num
            except csv.Error as error:
                what = "text behind a closing quote"
                if "unexpected end" in str(error):
                    what = "a quote is never closed"
                elif "limit" in str(error):
                    most = csv.field_size_limit()
                    what = f"a quote is never closed, or a field has more than {most:,} characters"
                return f"{self.content.path}, line {line + 1}: {what}; fix that line"
        raise AssertionError("the rows can be read now")


class _Reader(Protocol):
    """The type of csv.reader's result, which csv doesn't name before Python 3.13."""

    line_num: int

    def __next__(self) -> list[str]: ...
    def __iter__(self) -> Iterator[list[str]]: ...


def _fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:  # a longer text than csv takes
        return [line]
