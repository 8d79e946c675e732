"""The rolling scan: one segment of DynamoDB's table, compared with what is published.

A comparison of days asks for the invoices that raw and CSV know (stores/table.py). A line or an
invoice that neither knows is found here, within one turn of all segments. The scan only selects
days and invoices; a comparison of those days, with these invoices, decides what is wrong.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice

from ecom_pipeline.realtime.item_shape import is_retracted
from ecom_pipeline.reconcile.classify import Watermark
from ecom_pipeline.reconcile.model import StoredEvent, StoreName
from ecom_pipeline.reconcile.stores.fact import digests_of_invoices
from ecom_pipeline.reconcile.stores.table import header_faults, stored_lines
from ecom_pipeline.table.invoices import InvoiceTable
from ecom_pipeline.warehouse import ledger
from ecom_pipeline.warehouse.session import Session, Warehouse

SEGMENTS = 30
"""With one segment each morning, the whole table in a month."""

_INVOICES_A_QUERY = 200

Item = Mapping[str, Mapping[str, str]]
Invoice = tuple[str, Sequence[Item]]


@dataclass(frozen=True, slots=True)
class ScannedSegment:
    """A scanned segment: its items and read units, and the invoices to compare, by day."""

    number: int
    items: int
    read_units: Decimal
    suspects: Mapping[date, Collection[str]] = field(default_factory=dict[date, set[str]])


def scan(
    table: InvoiceTable, warehouse: Warehouse, number: int, watermark: Watermark
) -> ScannedSegment:
    """Scan a segment; return the days and invoices that differ from the fact table.

    Lines of days that were never published, or in flight, are not compared.
    """
    suspects: defaultdict[date, set[str]] = defaultdict(set)
    items = 0
    invoices = table.scan(Segment=number, TotalSegments=SEGMENTS)
    with warehouse.session() as session:
        published = ledger.published(session)

        def is_due(day: date, line: StoredEvent | None) -> bool:
            received_at = line.received_at if line else None
            late = watermark.in_flight(StoreName.FACT, day, received_at)
            return day in published and not late

        while chunk := list(islice(invoices, _INVOICES_A_QUERY)):
            items += sum(len(found) for _, found in chunk)
            for day, invoice_no in _differing(session, chunk, is_due):
                suspects[day].add(invoice_no)
    return ScannedSegment(number, items, sum(table.units, Decimal(0)), dict(suspects))


def _differing(
    session: Session,
    chunk: Sequence[Invoice],
    is_due: Callable[[date, StoredEvent | None], bool],
) -> Iterator[tuple[date, str]]:
    """Yield the day and the invoice of each difference between items and published rows."""
    published = digests_of_invoices(session, [number for number, _ in chunk])
    for number, items in chunk:
        standing = [item for item in items if not is_retracted(item)]
        rows = published.get(number, {})
        for fault in header_faults(standing):
            if is_due(fault.day, None):
                yield fault.day, number
        lines = {(day, line.event_id): line for day, line in stored_lines(standing)}
        for (day, event_id), line in lines.items():
            if rows.get((day, event_id)) != line.digest and is_due(day, line):
                yield day, number
        missing = rows.keys() - lines.keys()
        yield from ((day, number) for day, _ in missing if is_due(day, None))
