"""The rows of a file in flat memory: each column's different texts, and their codes on disk.

A file is parsed once. What its columns mean is decided afterwards, on their different texts, of
which there are few: 541,909 rows have 23,260 different dates and 1,630 prices.
"""

import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.domain.columns import DATA_SET_KEYS

Codes = NDArray[np.int32]

_WIDTH = len(DATA_SET_KEYS)
_PART_ROWS = 8_000


class Block(NamedTuple):
    """Some consecutive rows of a file: the line of each, and the texts of the eight columns.

    A line is a number that the table's `place` says to people.
    """

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]


class Part(NamedTuple):
    """Some consecutive rows of a table; `first` is the number of the first, from 0."""

    first: int
    sheet: int
    lines: Codes
    codes: Codes  # one row for each column


class _Codes(dict[str, int]):
    """The code of each text: a new text gets the next one."""

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        return code


class Table:
    """The rows of a file; `texts` has the different texts of each column, by code."""

    def __init__(self, place: Callable[[int], str] = "line {}".format) -> None:
        self.rows = 0
        self.place = place
        self._codes = [_Codes() for _ in range(_WIDTH)]
        self._spool = tempfile.TemporaryFile(prefix="ecom-replay-")  # noqa: SIM115 - closed by the finalizer
        self._parts: list[tuple[int, int]] = []  # rows and sheet of each
        self._pending: list[Codes] = []
        self._waiting = self._sheet = 0
        weakref.finalize(self, self._spool.close)

    def append(self, block: Block, sheet: int = 0) -> None:
        """Add rows at the end."""
        count = len(block.lines)
        part = np.empty((1 + _WIDTH, count), np.int32)
        part[0] = block.lines
        columns = zip(self._codes, block.columns, strict=True)
        for at, (codes, texts) in enumerate(columns, 1):
            part[at] = np.fromiter(map(codes.__getitem__, texts), np.int32, count)
        if self._pending and (self._sheet != sheet or self._waiting >= _PART_ROWS):
            self._flush()
        self._sheet = sheet
        self._pending.append(part)
        self._waiting += count
        self.rows += count

    def _flush(self) -> None:
        """Write the rows that wait as one part: blocks are small, and parts quick to work on."""
        if self._pending:
            self._spool.write(np.hstack(self._pending).data)
            self._parts.append((self._waiting, self._sheet))
            self._pending, self._waiting = [], 0

    @property
    def texts(self) -> list[list[str]]:
        return [list(codes) for codes in self._codes]

    def __iter__(self) -> Iterator[Part]:
        """Yield the rows in the file's order; iterations may be interleaved."""
        self._flush()
        first = 0
        for count, sheet in self._parts:
            self._spool.seek(4 * (1 + _WIDTH) * first)
            data = np.frombuffer(self._spool.read(4 * (1 + _WIDTH) * count), np.int32)
            part = data.reshape(1 + _WIDTH, count)
            yield Part(first, sheet, part[0], part[1:])
            first += count

    def counts(self, column: int) -> NDArray[np.int64]:
        """Return the number of rows with each text of a column, by code."""
        total = np.zeros(len(self._codes[column]), np.int64)
        for part in self:
            total += np.bincount(part.codes[column], minlength=len(total))
        return total

    def where(self, column: int, code: int) -> str:
        """Return the place of the first row that has this text, and the text, for people."""
        for part in self:
            found = np.flatnonzero(part.codes[column] == code)
            if found.size:
                place = self.place(int(part.lines[found[0]]))
                return f"{place} has {DATA_SET_KEYS[column]} {self.texts[column][code]!r}"
        raise LookupError(f"no row has code {code} in column {column}")
