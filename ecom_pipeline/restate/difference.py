"""What a file and the stores say of one invoice: which lines changed. Pure functions.

Rows are matched by event id first, then by content: the same sale under another id is no change.
Only lines that a file's replay made can be changed by a file; another producer's lines stay out.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import CSV_HEADER, column
from ecom_pipeline.realtime.item_shape import (
    Item,
    day_of,
    header_item,
    header_of,
    is_header,
    is_retracted,
    row_of,
)
from ecom_pipeline.restate.rows import SENT, FileRow

_CODE = CSV_HEADER.index("stock_code")


class StoredLine(NamedTuple):
    """A line in DynamoDB: its event id, its canonical row and its day."""

    event_id: str
    row: tuple[str, ...]
    day: date


class Change(NamedTuple):
    """A stored line and the row that the file has in its place; either may be missing."""

    old: StoredLine | None
    new: FileRow | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Lines that the file has under another invoice number than the table: ids of both sides.

    `departed` has the file's event id by the stored one, `arrived` the stored line by the file's
    id. `invoices` are the numbers of both sides.
    """

    departed: Mapping[str, str] = field(default_factory=dict[str, str])
    arrived: Mapping[str, StoredLine] = field(default_factory=dict[str, StoredLine])
    invoices: frozenset[str] = frozenset()


UNMOVED = Moved()


@dataclass(frozen=True, slots=True)
class Difference:
    """A file's rows of an invoice against its stored lines.

    `stored_elsewhere` are ids of rows whose sale is stored under another id. `changes` is empty
    unless the invoice changed; a change whose old line is of another invoice is a line that moved
    here. `departed` are this invoice's lines that moved to another, `back` the retracted lines that
    the file has again. `header` is the invoice's header after the change, if it is another one;
    `is_emptied` says that no line is left.
    """

    stored_elsewhere: Sequence[str] = ()
    changes: Sequence[Change] = ()
    departed: Sequence[StoredLine] = ()
    back: Sequence[StoredLine] = ()
    header: Item | None = None
    is_emptied: bool = False


def difference(
    rows: Sequence[FileRow],
    items: Sequence[Item],
    made_by_replay: Callable[[str], bool],
    moved: Moved = UNMOVED,
) -> Difference:
    """Compare all rows that a file has of an invoice with the invoice's items.

    An invoice changed if the file lacks a stored line and has another row, or if it has a retracted
    line. Lines only missing in the file (a shorter export), or only new, are no change, unless they
    `moved`.
    """
    standing, retracted = stored(items)
    departed = [line for line in standing.values() if line.event_id in moved.departed]
    arrived = [row for row in rows if row.event_id in moved.arrived]
    sent = {row.event_id for row in rows}
    by_content: defaultdict[tuple[str, ...], list[StoredLine]] = defaultdict(list)
    for line in standing.values():
        if line.event_id not in sent and line.event_id not in moved.departed:
            by_content[line.row[1:]].append(line)
    elsewhere: list[str] = []
    new: list[FileRow] = []
    for row in rows:
        if row.event_id in standing or row.event_id in moved.arrived:
            continue
        if same := by_content.get(row.content):
            same.pop()
            elsewhere.append(row.event_id)
        else:
            new.append(row)
    gone = [line for same in by_content.values() for line in same if made_by_replay(line.event_id)]
    back = [retracted[row.event_id] for row in new if row.event_id in retracted]
    changes = _paired(gone, new) if back or (gone and new) else []
    if not changes and not departed and not arrived:
        return Difference(elsewhere)
    leaving = {each.old.event_id for each in changes if each.old}
    leaving |= {line.event_id for line in departed}
    header, is_emptied = _header(items, leaving, [*new, *arrived])
    return Difference(
        elsewhere,
        [*changes, *(Change(moved.arrived[row.event_id], row) for row in arrived)],
        departed,
        [*back, *(retracted[row.event_id] for row in arrived if row.event_id in retracted)],
        header,
        is_emptied,
    )


def fields(change: Change) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the old and the new text of each field in which a change's lines differ."""
    old = change.old.row if change.old else None
    new = change.new.line.row() if change.new else None
    if old is None or new is None:
        yield "line", _sold(old), _sold(new)
        return
    for n in SENT:
        if old[n] != new[n]:
            yield str(column(CSV_HEADER[n]).wire), old[n], new[n]


def product(change: Change) -> str:
    """Return the stock code of a change's lines: the file's, where it has one."""
    if change.new is not None:
        return change.new.line.stock_code
    return change.old.row[_CODE] if change.old else ""


def _sold(row: tuple[str, ...] | None) -> str:
    if row is None:
        return "none"
    of = dict(zip(CSV_HEADER, row, strict=True))
    return f"{of['quantity']} x {of['stock_code']} at {of['unit_price']}"


def stored(items: Sequence[Item]) -> tuple[dict[str, StoredLine], dict[str, StoredLine]]:
    """Return an invoice's lines by event id: those that stand, and the retracted ones."""
    standing: dict[str, StoredLine] = {}
    retracted: dict[str, StoredLine] = {}
    for item in items:
        if not is_header(item):
            line = StoredLine(keys.event_id_of(item["sk"]["S"]), row_of(item), day_of(item))
            (retracted if is_retracted(item) else standing)[line.event_id] = line
    return standing, retracted


def _paired(gone: Sequence[StoredLine], new: Sequence[FileRow]) -> list[Change]:
    """Pair each row with the stored line most like it; what is left on a side has no pair."""
    left: dict[str, list[StoredLine]] = defaultdict(list)
    for line in gone:
        left[line.row[_CODE]].append(line)
    rest: list[FileRow] = []
    pairs: list[Change] = []
    for row in new:
        alike = left.get(row.line.stock_code)
        if alike:
            pairs.append(Change(_taken(alike, row), row))
        else:
            rest.append(row)
    others = [line for lines in left.values() for line in lines]
    pairs += [Change(_taken(others, row) if others else None, row) for row in rest]
    return pairs + [Change(line, None) for line in others]


def _taken(lines: list[StoredLine], row: FileRow) -> StoredLine:
    """Remove and return the line that has most fields in common with a row."""
    wanted = row.line.row()
    alike = [sum(line.row[n] == wanted[n] for n in SENT) for line in lines]
    return lines.pop(alike.index(max(alike)))


def _header(
    items: Sequence[Item], leaving: Collection[str], coming: Sequence[FileRow]
) -> tuple[Item | None, bool]:
    """Return the header to put, that of a line which stands after the change; or whether none does.

    `leaving` are event ids of lines.
    """
    header = next((item for item in items if is_header(item)), None)
    staying = [
        header_of(item)
        for item in items
        if not is_header(item)
        and not is_retracted(item)
        and keys.event_id_of(item["sk"]["S"]) not in leaving
    ]
    if header in staying:
        return None, False
    if not coming and not staying:
        return None, True
    wanted = header_item(coming[0].line) if coming else staying[0]
    return (None if header == wanted else wanted), False
