"""Compare a file's rows with the invoices in DynamoDB, before they are sent.

By invoice, not by day: a line whose date was corrected is found as well. An invoice whose rows are
all stored under their own ids costs one request more than its header; only others are read whole.
Lines under another invoice number than in the file are found by their days (moved.py).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import NamedTuple

from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.realtime.item_shape import Item
from ecom_pipeline.restate import difference as differing
from ecom_pipeline.restate import moved as moving
from ecom_pipeline.restate.difference import Difference, Moved
from ecom_pipeline.restate.moved import Known, Rows, Search
from ecom_pipeline.restate.rows import FileRow, Numbered, Selection
from ecom_pipeline.table.invoices import InvoiceTable

SHOWN = 20  # changed fields that are kept to be shown
_A_READ = 256  # invoices read whole at a time


class Stores(NamedTuple):
    """What a file is compared with; the lake, for lines whose invoice number changed."""

    table: InvoiceTable
    lake: Lake


class Taken(NamedTuple):
    """A stored line that the file has no more; `replaced_by` is an event id, or empty."""

    event_id: str
    day: date
    replaced_by: str


class Back(NamedTuple):
    """A retracted line that the file has again."""

    event_id: str
    day: date


class FieldChange(NamedTuple):
    """One field that changed; `row` is the row's number in the file, None for a line left out."""

    row: int | None
    invoice_no: str
    stock_code: str
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedInvoice:
    """An invoice that was changed in the file, as event ids: `new` includes the ids in `back`.

    `arrived` are those of `new` that are stored under another invoice number. `days` are those of
    the new rows. `is_partial`: not all of its new rows are to be sent. `is_emptied`: no line is
    left, so that its header goes.
    """

    number: str
    taken: tuple[Taken, ...]
    back: tuple[Back, ...]
    new: tuple[str, ...]
    arrived: frozenset[str]
    days: frozenset[date]
    header: Item | None
    is_partial: bool
    is_emptied: bool


@dataclass(slots=True)
class Comparison:
    """The result of a comparison; `lines` is the number of changed lines of all invoices.

    `known` is the number of compared invoices that are stored, `stored_elsewhere` the ids of rows
    whose sale is stored under another event id: sent, they would double it.
    """

    invoices: int = 0
    known: int = 0
    lines: int = 0
    changed: list[ChangedInvoice] = field(default_factory=list[ChangedInvoice])
    shown: list[FieldChange] = field(default_factory=list[FieldChange])
    stored_elsewhere: set[str] = field(default_factory=set[str])

    @property
    def moved(self) -> int:
        """Return the number of lines that the file has under another invoice number."""
        return sum(len(each.arrived) for each in self.changed)

    def add(self, number: str, found: Difference, selection: Selection, moved: Moved) -> None:
        """Add an invoice's difference."""
        self.stored_elsewhere |= {
            each for each in found.stored_elsewhere if selection.has(number, each)
        }
        if not found.changes and not found.departed:
            return
        self.lines += len(found.changes)
        self.shown += islice(_fields(number, found), SHOWN - len(self.shown))
        rows = [each.new for each in found.changes if each.new]
        self.changed.append(
            ChangedInvoice(
                number=number,
                taken=(
                    *(
                        Taken(old.event_id, old.day, new.event_id if new else "")
                        for old, new in found.changes
                        if old and old.event_id not in moved.departed
                    ),
                    *(
                        Taken(line.event_id, line.day, moved.departed[line.event_id])
                        for line in found.departed
                    ),
                ),
                back=tuple(Back(line.event_id, line.day) for line in found.back),
                new=tuple(row.event_id for row in rows),
                arrived=frozenset(moved.arrived) & {row.event_id for row in rows},
                days=frozenset(row.line.invoice_date for row in rows),
                header=found.header,
                is_partial=not all(selection.has(number, row.event_id) for row in rows),
                is_emptied=found.is_emptied,
            )
        )


def compare(
    stores: Stores,
    selection: Selection,
    rows: Rows,
    made_by_replay: Callable[[str], bool],
    *,
    is_whole: bool = True,
) -> Comparison:
    """Compare the selected rows' invoices with the stored ones; nothing is written.

    `rows` iterates all rows of the file, so that an invoice is never compared by a part of it;
    `is_whole` says that all of them are selected. They are iterated only if a row's event id is not
    stored, on a day that has stored lines or of an invoice that is stored. `made_by_replay` tells
    the event ids that a file's replay gives.

    Raises:
        TableBusyError: DynamoDB throttled too long.
        DamagedObjectError: a raw object of a day with new rows does not match its metadata.
    """
    known = stores.table.existing(selection.invoices)
    found = Comparison(invoices=len(selection.invoices), known=len(known))
    standing = {
        number: ids.standing
        for number, ids in stores.table.line_ids(sorted(known))
        if selection.exceeds(number, ids.standing)
    }

    def is_ours(event_id: str) -> bool:
        return made_by_replay(event_id) and event_id not in selection.invalid

    new = Known(known, standing)
    listing = moving.listing(stores.lake, selection, new)
    search = Search(*stores, rows, selection, new, listing)
    moved = search.moved(is_ours)
    suspects = standing.keys() | moved.invoices | search.retracted_invoices()
    for batch in _batches(rows, suspects, selection if is_whole else None):
        for number, items in stores.table.items(batch):
            different = differing.difference(batch[number], items, is_ours, moved)
            found.add(number, different, selection, moved)
    return found


def _batches(
    rows: Rows, suspects: set[str], selection: Selection | None
) -> Iterator[dict[str, list[FileRow]]]:
    """Yield the rows of the suspects, _A_READ invoices at a time; some may have no rows."""
    if not suspects:
        return
    absent = set(suspects)
    whole = _by_invoice(rows(), suspects, selection)
    while batch := dict(islice(whole, _A_READ)):
        absent -= batch.keys()
        yield batch
    if absent:
        yield {number: [] for number in sorted(absent)}


def _by_invoice(
    rows: Iterable[Numbered], wanted: set[str], selection: Selection | None
) -> Iterator[tuple[str, list[FileRow]]]:
    """Yield each wanted invoice with all its rows; with a selection, as soon as it has them all.

    So in the usual order, by invoice, only a few invoices are in memory.
    """
    waiting: defaultdict[str, list[FileRow]] = defaultdict(list)
    for number, line, event_id in rows:
        if line is None or line.invoice_no not in wanted:
            continue
        invoice_no = line.invoice_no
        waiting[invoice_no].append(FileRow(number, line, event_id))
        if selection and len(waiting[invoice_no]) == selection.rows(invoice_no):
            yield invoice_no, waiting.pop(invoice_no)
    yield from waiting.items()


def _fields(number: str, found: Difference) -> Iterator[FieldChange]:
    for each in found.changes:
        row = each.new.number if each.new else None
        for name, old, new in differing.fields(each):
            yield FieldChange(row, number, differing.product(each), name, old, new)
