"""Rows of a Parquet file, which the extra `parquet` (pyarrow) reads in batches."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ecom_pipeline.replay import columns
from ecom_pipeline.replay.cells import text_of
from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.content import Content
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.table import Block

BLOCK_ROWS = 4_000


class Parquet:
    """A Parquet file; its rows are numbered from 1."""

    form = "Parquet"

    def __init__(self, content: Content, choices: Choices) -> None:
        self.content = content
        self.notes: list[str] = []
        with self._opened() as file:
            self.header = columns.find(file.schema_arrow.names, choices.columns)
        if not self.header.complete:
            raise DatasetError(f"{content.path} {self.header.fault()}")

    def blocks(self) -> Iterator[tuple[int, Block]]:
        """Yield the rows."""
        names = [self.header.names[position] for position in self.header.positions]
        row = 1
        with self._opened() as file:
            for batch in file.iter_batches(batch_size=BLOCK_ROWS, columns=names):
                texts = [self._texts(row, name, batch.column(name).to_pylist()) for name in names]
                yield 0, Block(range(row, row + batch.num_rows), texts)
                row += batch.num_rows

    def _texts(self, first: int, name: str, values: list[Any]) -> list[str]:
        """Return values as texts; some programs write texts as bytes, without their type."""
        texts: list[str] = []
        for row, value in enumerate(values, first):
            try:
                texts.append(text_of(value.decode() if isinstance(value, bytes) else value))
            except UnicodeDecodeError as error:
                raise DatasetError(
                    f"{self.content.path}, row {row} has {name} {value!r}, bytes that are not"
                    " UTF-8: write the column as strings"
                ) from error
        return texts

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        import pyarrow as pa  # noqa: PLC0415 - of an extra
        from pyarrow import parquet  # noqa: PLC0415

        with self.content.seekable() as handle:
            try:
                yield parquet.ParquetFile(handle)
            except pa.ArrowException as error:
                what = str(error).splitlines()[0]
                raise DatasetError(
                    f"{self.content.path} is not a Parquet file that can be read ({what})"
                ) from error
