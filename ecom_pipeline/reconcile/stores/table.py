"""DynamoDB: the invoices of the days by queries, or one scan; totals by day and bucket, headers.

Which invoices a day has is known from raw and CSV, so a day costs what it holds. What neither
knows, an extra line or invoice, is found by a scan: of a segment each morning (segments.py), or of
the whole table on request.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.realtime.item_shape import (
    RECEIVED_AT,
    day_of,
    header_of,
    is_header,
    is_retracted,
    row_of,
)
from ecom_pipeline.reconcile import model, reading
from ecom_pipeline.reconcile.model import Discrepancy, LinesByInvoice, StoredEvent, StoreName, Sums
from ecom_pipeline.table.invoices import InvoiceTable

Item = Mapping[str, Mapping[str, str]]
Known = Callable[[], Mapping[date, LinesByInvoice]]

_ID, _QUANTITY, _AMOUNT = map(CSV_HEADER.index, ("event_id", "quantity", "amount"))


class TableStore:
    """Reads the table; `faults` are headers without lines, lines without headers, wrong headers.

    `known` returns the number of lines of each invoice by day, once the stores in `needs` were
    read; `more` are further invoices to read. With `full` the table is scanned. `reading` is the
    way that was chosen.
    """

    name = StoreName.DYNAMODB
    needs = frozenset({StoreName.RAW, StoreName.CSV})

    def __init__(
        self, table: InvoiceTable, known: Known, *, more: Collection[str] = (), full: bool = False
    ) -> None:
        self.table = table
        self.reading: reading.Reading | None = None
        self._known, self._more, self._full = known, more, full
        self._sums: dict[tuple[date, int], Totals] = {}
        self._faults: list[Discrepancy] = []

    def days(self, first: date, last: date) -> dict[date, Totals]:
        sums: defaultdict[tuple[date, int], Sums] = defaultdict(Sums)
        self._faults = []
        numbers = self._invoices(first, last)
        self.reading = reading.choose(numbers.values(), self.table.bytes(), full=self._full)
        for items in self._read(numbers, first, last):
            for day, line in stored_lines(items):
                sums[day, model.bucket_of(line.event_id)].add(line)
            if header_faults(items):  # other items may be on other days, or just written: read all
                self._faults += header_faults(self._invoice(items[0]))
        self._sums = {location: each.totals() for location, each in sums.items()}
        days: defaultdict[date, Totals] = defaultdict(Totals)
        for (day, _), totals in self._sums.items():
            days[day] += totals
        return dict(days)

    def buckets(self, days: Sequence[date]) -> dict[tuple[date, int], Totals]:
        """Return the totals that `days` computed: reading again would cost as much again."""
        return {(day, n): totals for (day, n), totals in self._sums.items() if day in days}

    def lines(self, wanted: model.BucketsByDay) -> Iterator[tuple[date, StoredEvent]]:
        numbers = Counter(dict.fromkeys(self._more, 1))
        for day in wanted:
            numbers.update(self._known().get(day, {}))
        for items in self._read(numbers, min(wanted), max(wanted)):
            for day, line in stored_lines(items):
                if day in wanted and model.bucket_of(line.event_id) in wanted[day]:
                    yield day, line

    def faults(self) -> list[Discrepancy]:
        return self._faults

    def _invoices(self, first: date, last: date) -> Counter[str]:
        """Return the invoices to read, with the number of their lines."""
        numbers = Counter(dict.fromkeys(self._more, 1))
        for day, lines in self._known().items():
            if first <= day <= last:
                numbers.update(lines)
        return numbers

    def _read(self, numbers: Iterable[str], first: date, last: date) -> Iterator[list[Item]]:
        """Yield each invoice's items of these days, without retracted lines."""
        if self.reading is not None and self.reading.way == "queries":
            found = self.table.items(numbers, consistent=False)
        else:
            found = self.table.scan(**_between(first, last) if self._full else {})
        for _, items in found:
            standing = [each for each in _standing(items) if first <= _date_of(each) <= last]
            if standing:
                yield standing

    def _invoice(self, item: Item) -> list[Item]:
        """Return all items of an item's invoice but retracted lines, by a consistent read."""
        ((_, items),) = self.table.items([keys.invoice_no_of(item["pk"]["S"])])
        return list(_standing(items))


def _between(first: date, last: date) -> dict[str, Any]:
    """Return the parameters of a scan for items of these days.

    A scan that was chosen for its cost has no filter: most items are of these days.
    """
    return {
        "FilterExpression": "invoice_time BETWEEN :a AND :b OR invoice_date BETWEEN :c AND :d",
        "ExpressionAttributeValues": {
            ":a": {"S": f"{first} 00:00:00"},
            ":b": {"S": f"{last} 23:59:59"},
            ":c": {"S": first.isoformat()},
            ":d": {"S": last.isoformat()},
        },
    }


def _standing(items: Iterable[Item]) -> Iterator[Item]:
    """Yield headers and lines, without the retracted ones."""
    return (item for item in items if not is_retracted(item))


def _date_of(item: Item) -> date:
    return date.fromisoformat(item["invoice_date"]["S"]) if is_header(item) else day_of(item)


def header_faults(items: Sequence[Item]) -> list[Discrepancy]:
    """Return an invoice's header fault: no header, no lines, or a header that does not match."""
    header = next((item for item in items if is_header(item)), None)
    lines = [item for item in items if item is not header]
    if not items:
        return []
    number = keys.invoice_no_of(items[0]["pk"]["S"])
    if header is None:
        return [_fault(day_of(lines[0]), number, "lines without a header")]
    day = date.fromisoformat(header["invoice_date"]["S"])
    if not lines:
        return [_fault(day, number, "a header without lines")]
    if not any(header == header_of(line) for line in lines):
        return [_fault(day, number, "a header that is not its lines'")]
    return []


def _fault(day: date, number: str, detail: str) -> Discrepancy:
    return Discrepancy(
        day=day,
        store=TableStore.name,
        kind="header",
        hop=model.HOPS[TableStore.name],
        location=number,
        detail=detail,
    )


def stored_lines(items: Iterable[Item]) -> Iterator[tuple[date, StoredEvent]]:
    """Yield the day and the event of each line among the items."""
    for item in items:
        if not is_header(item):
            yield day_of(item), _held(item)


def _held(item: Item) -> StoredEvent:
    row = row_of(item)
    moment = item.get(RECEIVED_AT)
    return StoredEvent(
        row[_ID],
        int(row[_QUANTITY]),
        Decimal(row[_AMOUNT]),
        digest(row),
        keys.invoice_no_of(item["pk"]["S"]),
        datetime.fromisoformat(moment["S"]) if moment else None,
    )
