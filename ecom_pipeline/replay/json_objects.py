"""Rows of a JSON file: one object a row, on lines of their own or in one array."""

import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from ecom_pipeline.replay import columns
from ecom_pipeline.replay.cells import text_of
from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.content import PIECE, Content
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.table import Block

BLOCK_ROWS = 4_000
_LONGEST = 1 << 20  # characters of one object
_HEADER_OBJECTS = 1_000  # their keys are the columns: null values may be left out
_BETWEEN = re.compile(r"[\s,\[\]]*")


class JsonObjects:
    """A file of JSON objects; the keys of the first ones are the columns."""

    def __init__(self, content: Content, encoding: str, choices: Choices) -> None:
        self.content = content
        self._encoding = encoding
        self._choices = choices
        first = islice(self._objects(), _HEADER_OBJECTS)
        keys = dict.fromkeys(key for _, row in first for key in row)
        if not keys:
            raise DatasetError(f"{content.path} has no JSON object: export one for each row")
        self.header = columns.find(keys, choices.columns)
        if not self.header.complete:
            raise DatasetError(f"{content.path} {self.header.fault()}")
        self.notes: list[str] = []
        self._known = {key for key in keys if self._column_of(key) in {None, key}}

    @property
    def form(self) -> str:
        return "JSON objects"

    def blocks(self) -> Iterator[tuple[int, Block]]:
        """Yield the rows; a key that an object lacks is a missing value.

        Raises:
            DatasetError: the file is no JSON, has values that are objects or lists, or two keys
                for a column.
        """
        names = [self.header.names[position] for position in self.header.positions]
        objects = self._objects()
        while some := list(islice(objects, BLOCK_ROWS)):
            for line, row in some:
                self._require_keys(line, row)
            lines = [line for line, _ in some]
            yield (
                0,
                Block(
                    lines, [[self._text(line, row, name) for line, row in some] for name in names]
                ),
            )

    def _require_keys(self, line: int, row: dict[str, Any]) -> None:
        """Refuse an object that has a column's value at another key; note a key that is new."""
        for key in row.keys() - self._known:
            column = self._column_of(key)
            if column is None:
                self._known.add(key)
                self.notes.append(f"left out: {columns.shown(key)}, first in line {line}")
            elif column not in row:
                raise DatasetError(
                    f"{self._place(line)} has {key!r} where other rows have {column!r}: export all"
                    " rows with the same names"
                )

    def _column_of(self, key: str) -> str | None:
        """Return the key at which the file has the column that `key` means, if it means one."""
        meant = columns.find((key,), self._choices.columns).positions
        pairs = zip(meant, self.header.positions, strict=True)
        return next((self.header.names[at] for found, at in pairs if found == 0), None)

    def _text(self, line: int, row: dict[str, Any], name: str) -> str:
        value = row.get(name)
        if isinstance(value, dict | list):
            raise DatasetError(f"{self._place(line)}: {name} is no single value; export plain rows")
        return text_of(value)

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each object with its line, in flat memory."""
        decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=lambda _: None)
        with (
            self.content.opened() as handle,
            io.TextIOWrapper(handle, encoding=self._encoding) as text,
        ):
            line, rest, at, ended, depth = 1, "", 0, False, 0
            while True:
                start = _BETWEEN.match(rest, at).end()  # type: ignore[union-attr] - may be empty
                depth += rest.count("[", at, start) - rest.count("]", at, start)
                line, at = line + rest.count("\n", at, start), start
                try:
                    row, end = decoder.raw_decode(rest, at)
                except json.JSONDecodeError as error:
                    if ended and at == len(rest):
                        self._require_end(line, depth)
                        return
                    if ended or len(rest) - at > _LONGEST:
                        raise DatasetError(self._no_rows(line)) from error
                    piece = text.read(PIECE)
                    rest, at, ended = rest[at:] + piece, 0, not piece
                    continue
                if not isinstance(row, dict) or any(isinstance(v, dict) for v in row.values()):
                    raise DatasetError(self._no_rows(line))
                yield line, row
                line, at = line + rest.count("\n", at, end), end

    def _require_end(self, line: int, depth: int) -> None:
        if depth > 0:
            raise DatasetError(f"{self._place(line)}: the array has no end: get the file again")

    def _no_rows(self, line: int) -> str:
        return (
            f"{self._place(line)}: expected one JSON object for each row, of plain values; in"
            " pandas, to_json(orient='records', lines=True)"
        )

    def _place(self, line: int) -> str:
        return f"{self.content.path}, line {line}"
