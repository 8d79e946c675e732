"""Parts of a sheet that are in it twice, as where two exports were put one after the other.

Online Retail II as one file has nine days of its first sheet again, where the second begins. Equal
rows that stand alone, or inside one invoice, are sales of their own.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay.identity import Hashes
from ecom_pipeline.replay.table import Table

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]

_INVOICE = DATA_SET_KEYS.index("InvoiceNo")
_LONG = 100  # rows
_LONG_IF_WHOLE = 20  # rows, of whole invoices
_TELLING = 5  # pairs of neighbours that repeat others at one distance
_MOST_DISTANCES = 64
_SHOWN = 3


class Repeated(NamedTuple):
    """The rows to leave out, and what to tell of them."""

    rows: Mask
    notes: list[str]


class _Run(NamedTuple):
    """Rows from `first` to before `end` that equal those `distance` rows before them."""

    first: int
    end: int
    distance: int


class _Rows(NamedTuple):
    """The rows of sales in order: the number of each in the table, its hash, invoice and sheet."""

    numbers: Numbers
    hashes: Hashes
    invoices: Numbers
    sheets: Numbers


def find(table: Table, hashes: Hashes, left_out: Mask) -> Repeated:
    """Return the rows of long runs that repeat an earlier run of the sheet in the same order.

    `hashes` has one number for all rows of equal values. Runs are of several invoices.
    """
    repeated = np.zeros(table.rows, bool)
    distances = _distances(hashes[~left_out])
    if not distances:
        return Repeated(repeated, [])
    rows = _rows(table, hashes, left_out)
    found = [run for distance in distances for run in _runs(rows, distance) if _is_long(rows, run)]
    for run in found:
        repeated[rows.numbers[run.first : run.end]] = True
    notes = [_note(table, rows, run) for run in found[:_SHOWN]]
    if len(found) > _SHOWN:
        notes.append(f"left out: {len(found) - _SHOWN:,} other parts that repeat earlier ones")
    return Repeated(repeated, notes)


def _distances(hashes: Hashes) -> list[int]:
    """Return how far before them several neighbours have the first rows that equal them."""
    order = np.argsort(hashes, kind="stable")
    begins = np.r_[True, np.diff(hashes[order]) != 0] if len(hashes) else np.zeros(0, bool)
    firsts = order[np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))]
    distance = np.zeros(len(hashes), np.int64)
    distance[order] = order - firsts
    pairs = distance[1:][(np.diff(distance) == 0) & (distance[1:] >= _LONG_IF_WHOLE)]
    each, counts = np.unique(pairs, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:_MOST_DISTANCES]
    return each[most[counts[most] >= _TELLING]].tolist()


def _rows(table: Table, hashes: Hashes, left_out: Mask) -> _Rows:
    invoices, sheets = np.empty(table.rows, np.int64), np.empty(table.rows, np.int64)
    for part in table:
        at = slice(part.first, part.first + len(part.lines))
        invoices[at], sheets[at] = part.codes[_INVOICE], part.sheet
    kept = np.flatnonzero(~left_out)
    return _Rows(kept, hashes[kept], invoices[kept], sheets[kept])


def _runs(rows: _Rows, distance: int) -> Iterator[_Run]:
    """Yield the longest runs of rows that equal those at a distance before them."""
    equal = rows.hashes[distance:] == rows.hashes[:-distance]
    equal &= rows.sheets[distance:] == rows.sheets[:-distance]
    edges = np.flatnonzero(np.diff(np.r_[False, equal, False].astype(np.int8)))
    for first, end in (edges.reshape(-1, 2) + distance).tolist():
        yield _Run(first, end, distance)


def _is_long(rows: _Rows, run: _Run) -> bool:
    """Return whether a run, and the run that it repeats, are too long to be sales of their own."""
    length = min(run.end - run.first, run.distance)
    invoices = rows.invoices[run.first : run.first + length]
    if length < _LONG_IF_WHOLE or (invoices == invoices[0]).all():
        return False
    edges = (run.first, run.end, run.first - run.distance, run.end - run.distance)
    return length >= _LONG or all(_is_between_invoices(rows, each) for each in edges)


def _is_between_invoices(rows: _Rows, at: int) -> bool:
    if at in (0, len(rows.invoices)):
        return True
    return bool(
        rows.invoices[at - 1] != rows.invoices[at] or rows.sheets[at - 1] != rows.sheets[at]
    )


def _note(table: Table, rows: _Rows, run: _Run) -> str:
    lines = np.concatenate([part.lines for part in table])
    first, last, *earlier = (
        table.place(int(lines[rows.numbers[at]]))
        for at in (
            *(run.first, run.end - 1),
            *(run.first - run.distance, run.end - 1 - run.distance),
        )
    )
    return f"left out: {first} to {last}, which repeat {' to '.join(earlier)}: taken once"
