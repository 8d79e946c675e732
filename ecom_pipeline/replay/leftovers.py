"""Rows of a table that are no sales and no bad ones: blank rows, the header again, totals."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.event import INVOICE_NO_PATTERN
from ecom_pipeline.replay.columns import Header
from ecom_pipeline.replay.table import Part, Table

Mask = NDArray[np.bool_]

_INVOICE, _CODE, _DATE = map(DATA_SET_KEYS.index, ("InvoiceNo", "StockCode", "InvoiceDate"))
_SHOWN = 3


class Leftovers(NamedTuple):
    """The rows to leave out, and what to tell of them."""

    rows: Mask
    notes: list[str]


def find(table: Table, header: Header) -> Leftovers:
    """Return the rows that are no sales.

    A totals line has no invoice number, no stock code and no date, and no sale comes after it.
    """
    texts = table.texts
    blank = [_mask(column, _is_blank) for column in texts]
    names = [header.names[position].strip() for position in header.positions]
    again = [
        _mask(column, lambda text, name=name: text.strip() == name)
        for column, name in zip(texts, names, strict=True)
    ]
    nameless = list(blank)
    nameless[_INVOICE] = _mask(texts[_INVOICE], _is_no_invoice)
    empty = _rows(table, blank, range(len(blank)))
    headers = _rows(table, again, range(len(again)))
    totals = _rows(table, nameless, (_INVOICE, _CODE, _DATE)) & ~empty
    totals &= _at_the_end(table, empty | headers | totals)
    notes = [
        _note(table, rows, what)
        for rows, what in ((headers, "the header again"), (totals, "totals"))
        if rows.any()
    ]
    return Leftovers(empty | headers | totals, notes)


def _is_blank(text: str) -> bool:
    return not text.strip()


def _is_no_invoice(text: str) -> bool:
    return not INVOICE_NO_PATTERN.fullmatch(text.strip())


def _mask(texts: Sequence[str], is_so: Callable[[str], bool]) -> Mask:
    return np.array([is_so(text) for text in texts], bool)


def _rows(table: Table, masks: Sequence[Mask], columns: Sequence[int]) -> Mask:
    """Return the rows whose texts of all these columns are in their masks."""
    found = np.zeros(table.rows, bool)
    if all(masks[column].any() for column in columns):
        for part in table:
            _part_of(found, part)[:] = np.logical_and.reduce(
                [masks[column][part.codes[column]] for column in columns]
            )
    return found


def _at_the_end(table: Table, no_sale: Mask) -> Mask:
    """Return the rows after the last sale of their sheet."""
    last: dict[int, int] = {}
    for part in table:
        sales = np.flatnonzero(~_part_of(no_sale, part))
        if sales.size:
            last[part.sheet] = part.first + int(sales[-1])
    found = np.zeros(table.rows, bool)
    for part in table:
        rows = np.arange(part.first, part.first + len(part.lines))
        _part_of(found, part)[:] = rows > last.get(part.sheet, -1)
    return found


def _part_of(rows: Mask, part: Part) -> Mask:
    return rows[part.first : part.first + len(part.lines)]


def _note(table: Table, rows: Mask, what: str) -> str:
    count = int(rows.sum())
    places = [table.place(int(line)) for part in table for line in part.lines[_part_of(rows, part)]]
    more = ", ..." if count > _SHOWN else ""
    return f"left out: {what}, {', '.join(places[:_SHOWN])}{more}"
