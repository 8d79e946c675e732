"""A file as a table: its kind of content is recognised, and read by the reader for that kind."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from ecom_pipeline.replay import workbook
from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.columns import Header
from ecom_pipeline.replay.content import Content, look
from ecom_pipeline.replay.delimited import Delimited
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.json_objects import JsonObjects
from ecom_pipeline.replay.parquet import Parquet
from ecom_pipeline.replay.table import Block, Table
from ecom_pipeline.replay.text_scan import scan

OnRows = Callable[[int], None]


class Reader(Protocol):
    """Reads one kind of content; `form` and `notes` are for people."""

    @property
    def form(self) -> str: ...
    @property
    def header(self) -> Header: ...
    @property
    def notes(self) -> list[str]: ...
    def blocks(self) -> Iterator[tuple[int, Block]]:
        """Yield the number of a sheet, from 0, and some of its rows."""
        ...


class Source:
    """A file that was read: the reader tells its form, the table has its rows."""

    def __init__(self, path: Path, choices: Choices, on_rows: OnRows = lambda _: None) -> None:
        self.path = path
        self.content = look(path)
        self.reader, self.table = _read(self.content, choices, on_rows)

    @property
    def form(self) -> str:
        packed = f", {self.content.packed}" if self.content.packed else ""
        return f"{self.reader.form}{packed}"


def _read(content: Content, choices: Choices, on_rows: OnRows) -> tuple[Reader, Table]:
    if content.kind == "workbook":
        book = workbook.Workbook(content, choices)
        return book, _table(book, on_rows, partial(workbook.place, sheets=book.sheets))
    if content.kind == "parquet":
        return (reader := Parquet(content, choices)), _table(reader, on_rows, "row {}".format)
    found = scan(content)
    if found.is_json:
        return (reader := JsonObjects(content, found.encoding, choices)), _table(reader, on_rows)
    return _delimited(Delimited(content, found, choices), on_rows)


def _delimited(reader: Delimited, on_rows: OnRows) -> tuple[Reader, Table]:
    """Return the rows; quotes that break are tried as Spark's before they are an error."""
    try:
        table = _table(reader, on_rows)
    except DatasetError:
        again = reader.escaping()
        if again is None:
            raise
        with suppress(DatasetError):
            return again, _table(again, on_rows)
        raise
    reader.require_plain(table)
    return reader, table


def _table(
    reader: Reader, on_rows: OnRows, place: Callable[[int], str] = "line {}".format
) -> Table:
    table = Table(place)
    for sheet, block in reader.blocks():
        if block.lines:
            table.append(block, sheet)
            on_rows(len(block.lines))
    return table
