"""Rows of an .xlsx workbook, read cell by cell in flat memory (openpyxl).

Sheets without the eight columns are left out; if they have sales, the file is refused. A row's
number is its row in the sheet, plus ROWS_A_SHEET for each sheet before it.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.utils.exceptions import InvalidFileException

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay import columns, dates, numbers
from ecom_pipeline.replay.cells import text_of
from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.columns import Header
from ecom_pipeline.replay.content import Content
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.table import Block

BLOCK_ROWS = 4_000
ROWS_A_SHEET = 2_000_000  # more than a sheet has

_HEADER_ROWS = 20  # the header is among them
_MOST_COLUMNS = 6  # of the eight: a sheet with as many has sales
_ERRORS = frozenset(ERROR_CODES)
_NO_VALUE = "\x1a"  # ASCII's mark for a wrong character: no column takes it
_DATE, _QUANTITY, _PRICE = map(DATA_SET_KEYS.index, ("InvoiceDate", "Quantity", "UnitPrice"))


class Workbook:
    """A workbook; `sheets` are the names of those with the eight columns."""

    def __init__(self, content: Content, choices: Choices) -> None:
        self.content = content
        self.notes: list[str] = []
        self.sheets: list[str] = []
        self._headers: list[tuple[int, Header]] = []
        fault = "has no sheet with rows"
        others: list[tuple[Any, Header]] = []
        with self._opened() as book:
            for sheet in book.worksheets:
                row, header = _header(sheet, choices)
                if header.complete:
                    self.sheets.append(sheet.title)
                    self._headers.append((row, header))
                else:
                    others.append((sheet, header))
                    self.notes.append(f"left out: sheet {sheet.title!r}, without the eight columns")
                    fault = f", sheet {sheet.title!r}, {header.fault()}" if header.names else fault
            if not self.sheets:
                raise DatasetError(f"{content.path} {fault}".replace(" ,", ","))
            self.header = self._headers[0][1]
            for sheet, header in others:
                self._require_no_sales(sheet, header)

    @property
    def form(self) -> str:
        sheets = ", ".join(repr(name) for name in self.sheets)
        return f"workbook, sheet{'s' if len(self.sheets) > 1 else ''} {sheets}"

    def blocks(self) -> Iterator[tuple[int, Block]]:
        """Yield the number of a sheet, and rows of it."""
        with self._opened() as book:
            for number, name in enumerate(self.sheets):
                row, header = self._headers[number]
                rows = enumerate(
                    book[name].iter_rows(min_row=row + 1, values_only=True),
                    row + 1 + number * ROWS_A_SHEET,
                )
                while some := list(islice(rows, BLOCK_ROWS)):
                    yield number, _block(some, header)

    def _require_no_sales(self, sheet: Any, header: Header) -> None:
        """Refuse a sheet without the eight columns whose rows are sales all the same."""
        where = f"{self.content.path}, sheet {sheet.title!r}"
        if header.found >= _MOST_COLUMNS:
            raise DatasetError(f"{where}, {header.fault()}; or delete the sheet")
        rows = sheet.iter_rows(max_row=_HEADER_ROWS, values_only=True)
        if any(_is_sale(values, self.header) for values in rows):
            raise DatasetError(
                f"{where} has rows as sheet {self.sheets[0]!r} has, without the columns' names: put"
                " these into its first row, or delete the sheet"
            )

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        with self.content.seekable() as handle, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which are not used
            try:
                book = load_workbook(handle, read_only=True, data_only=True)
            except (BadZipFile, InvalidFileException, KeyError, ValueError) as error:
                raise DatasetError(
                    f"{self.content.path} is a damaged workbook, or has another zip file in it"
                    f" ({error}): save it again, unpacked"
                ) from error
            try:
                yield book
            finally:
                book.close()


def place(number: int, sheets: list[str]) -> str:
    """Return where a row is, for people."""
    sheet, row = divmod(number, ROWS_A_SHEET)
    return f"sheet {sheets[sheet]!r}, row {row}"


def _header(sheet: Any, choices: Choices) -> tuple[int, Header]:
    """Return the row with most of the eight columns, and where they are."""
    sheet.reset_dimensions()
    best = 0, columns.find((), choices.columns)
    rows = sheet.iter_rows(max_row=_HEADER_ROWS, values_only=True)
    for number, values in enumerate(rows, 1):
        header = columns.find(("" if each is None else each for each in values), choices.columns)
        if header.found > best[1].found or not best[1].names:
            best = number, header
    return best


def _is_sale(values: tuple[Any, ...], header: Header) -> bool:
    """Return whether a row has a date and numbers where the sales of another sheet have them."""
    date, quantity, price = (
        _cell(values, header.positions[column]) for column in (_DATE, _QUANTITY, _PRICE)
    )
    return dates.read(date) is not None and None not in (
        numbers.read(quantity, "."),
        numbers.read(price, "."),
    )


def _block(rows: list[tuple[int, tuple[Any, ...]]], header: Header) -> Block:
    """Return rows as texts; those without any value are left out."""
    kept = [(number, values) for number, values in rows if any(v is not None for v in values)]
    return Block(
        [number for number, _ in kept],
        [[_cell(values, position) for _, values in kept] for position in header.positions],
    )


def _cell(values: tuple[Any, ...], position: int) -> str:
    """Return a cell as text; rows end at their last cell with a value.

    An error, such as #N/A of a look-up that found nothing, is no missing value but a wrong one.
    """
    text = text_of(values[position]) if position < len(values) else ""
    return text + _NO_VALUE if text in _ERRORS else text
