"""Find lines whose invoice number was corrected in a file: stored under one, new under another.

The old invoice may not be in the file any more, so it is found by the day: a row and the line that
it corrects are equal but for the number, so they are of one day. Only days that have raw objects
and rows of unknown ids are read, and only a line that the file lacks is taken for a moved one. Raw
proposes lines, the table decides which of them stand.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.digest import SEPARATOR
from ecom_pipeline.domain.envelope import UnreadableError
from ecom_pipeline.domain.event import EventError, InvoiceLine
from ecom_pipeline.lake import parts, retractions
from ecom_pipeline.lake.buckets import Lake, ObjectInfo
from ecom_pipeline.lake.rows import CachingReader
from ecom_pipeline.restate.difference import UNMOVED, Moved, StoredLine, stored
from ecom_pipeline.restate.rows import FileRow, Numbered, Selection, key_of, sale_of
from ecom_pipeline.table.invoices import InvoiceTable

_AT_ONCE = 8
_NUMBER = CSV_HEADER.index("invoice_no")

Listing = Mapping[date, Sequence[ObjectInfo]]
Rows = Callable[[], Iterable[Numbered]]


@dataclass(frozen=True, slots=True)
class Known:
    """What the table has of a file's invoices.

    `invoices` are stored; `standing` has the event ids of those that have a row with another id.
    """

    invoices: set[str]
    standing: Mapping[str, frozenset[str]]

    def lacks(self, line: InvoiceLine, event_id: str) -> bool:
        """Return whether a row's event id is not stored."""
        number = line.invoice_no
        return number not in self.invoices or event_id not in self.standing.get(number, {event_id})


@dataclass(frozen=True, slots=True)
class Search:
    """A search among a file's rows for those that are stored under another invoice number.

    `listing` has the raw objects of each day that has any, and selected invoices with unknown ids;
    `rows` iterates all rows of the file.
    """

    table: InvoiceTable
    lake: Lake
    rows: Rows
    selection: Selection
    known: Known
    listing: Listing

    def retracted_invoices(self) -> set[str]:
        """Return the selected invoices with retractions: without any line, they have no header."""
        latest = (retractions.latest_in(self.lake, each) for each in self.listing.values())
        return {record.invoice_no for day in latest for record in day.values()} & (
            self.selection.invoices
        )

    def moved(self, made_by_replay: Callable[[str], bool]) -> Moved:
        """Match the selected new rows with stored lines of replays that the file lacks.

        Raises:
            DamagedObjectError: a raw object does not match its metadata.
            TableBusyError: DynamoDB throttled too long.
        """
        if not self.listing:
            return UNMOVED
        present, wanted = self._index()
        if not wanted:
            return UNMOVED
        candidates: dict[str, str] = {}
        sales: set[bytes] = set()
        for event_id, row in self._raw():
            sale = _sale_key(row)
            if sale in wanted and key_of(event_id) not in present and made_by_replay(event_id):
                candidates[event_id] = row[_NUMBER]
                sales.add(sale)
        if not candidates:
            return UNMOVED
        new = [
            row
            for row in self._new()
            if _sale_key(row.line.row()) in sales
            and self.selection.has(row.line.invoice_no, row.event_id)
        ]
        return self._matched(new, candidates, present)

    def _matched(
        self, new: Sequence[FileRow], candidates: Mapping[str, str], present: set[bytes]
    ) -> Moved:
        """Pair each row with a candidate that stands, but a row whose sale its invoice has."""
        lines: defaultdict[tuple[str, ...], list[StoredLine]] = defaultdict(list)
        numbers = {*candidates.values(), *(row.line.invoice_no for row in new)}
        for _, items in self.table.items(sorted(numbers)):
            for line in stored(items)[0].values():
                if key_of(line.event_id) not in present:
                    lines[sale_of(line.row)].append(line)
        departed: dict[str, str] = {}
        arrived: dict[str, StoredLine] = {}
        involved: set[str] = set()
        for row in [row for row in new if not _take(lines[row.sale], _of_invoice(row))]:
            old = _take(lines[row.sale], lambda line: line.event_id in candidates)
            if old is not None:
                departed[old.event_id] = row.event_id
                arrived[row.event_id] = old
                involved |= {old.row[_NUMBER], row.line.invoice_no}
        return Moved(departed, arrived, frozenset(involved))

    def _index(self) -> tuple[set[bytes], set[bytes]]:
        """Return the keys of all event ids that the file has on these days, and of new sales."""
        present: set[bytes] = set()
        wanted: set[bytes] = set()
        for _, line, event_id in self._on_these_days():
            present.add(key_of(event_id))
            if self.known.lacks(line, event_id):
                wanted.add(_sale_key(line.row()))
        return present, wanted

    def _new(self) -> Iterator[FileRow]:
        for number, line, event_id in self._on_these_days():
            if self.known.lacks(line, event_id):
                yield FileRow(number, line, event_id)

    def _on_these_days(self) -> Iterator[tuple[int, InvoiceLine, str]]:
        for number, line, event_id in self.rows():
            if line is not None and line.invoice_date in self.listing:
                yield number, line, event_id

    def _raw(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the event id and the canonical row of each valid raw record of these days."""
        read = CachingReader()
        for day, objects in self.listing.items():
            for data, _, _ in parts.lines_of(self.lake, retractions.events_in(objects)):
                try:
                    event_id, text, _, _ = read(data, day)
                except (UnreadableError, EventError):  # a build of the day quarantines it
                    continue
                yield event_id, tuple(text.split(SEPARATOR))


def listing(lake: Lake, selection: Selection, known: Known) -> Listing:
    """Return the raw objects of each day that has any, and selected invoices with unknown ids."""
    new = (selection.invoices - known.invoices) | known.standing.keys()
    if not new:
        return {}
    stored_days = set(lake.raw.days())
    days = sorted(
        day
        for day, numbers in selection.by_day.items()
        if day in stored_days and not numbers.isdisjoint(new)
    )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(days, pool.map(lake.raw.objects_of, days), strict=True))


def _take(lines: list[StoredLine], is_wanted: Callable[[StoredLine], bool]) -> StoredLine | None:
    """Remove and return the first line that is wanted."""
    found = next((line for line in lines if is_wanted(line)), None)
    if found is not None:
        lines.remove(found)
    return found


def _of_invoice(row: FileRow) -> Callable[[StoredLine], bool]:
    return lambda line: line.row[_NUMBER] == row.line.invoice_no


def _sale_key(row: tuple[str, ...]) -> bytes:
    return key_of(SEPARATOR.join(sale_of(row)))
