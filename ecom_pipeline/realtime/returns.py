"""The probable invoice of a cancelled line's sale: a heuristic over the customer's invoices.

The shop's events contain no such reference. The rule: the customer's latest invoice, not later
than the cancellation, that sold at least as many pieces of the stock code. Sales are not consumed,
so two cancellations may match the same invoice. Only the newest LOOK_BACK invoices are searched.

The warehouse has another rule, which compares prices and matches no sale twice:
sql/marts/returns.sql.
"""

from collections.abc import Iterable

from ecom_pipeline.domain import keys
from ecom_pipeline.realtime import invoices
from ecom_pipeline.realtime.invoices import Header, Line

LOOK_BACK = 40
_AT_ONCE = 8
_NOT_SOLD = "AC"  # adjustments and cancellations


def bought_on(header: Header, lines: Iterable[Line]) -> dict[str, str]:
    """Return the invoice number of the matching sale, by the cancelled line's event id."""
    waiting = {
        line.event_id: line
        for line in lines
        if line.kind == "cancellation" and line.customer == header.customer
    }
    found: dict[str, str] = {}
    if header.customer is None or not waiting:
        return found
    numbers = _earlier(header.customer, header.invoice_date)
    while numbers and waiting:
        now, numbers = numbers[:_AT_ONCE], numbers[_AT_ONCE:]
        for number, sold in invoices.lines_of(now):
            for event_id in [id_ for id_, line in waiting.items() if _covers(sold, line)]:
                found[event_id] = number
                del waiting[event_id]
    return found


def _earlier(customer: str, day: str) -> list[str]:
    """Return a customer's newest invoice numbers up to the end of a day, the newest first."""
    index_keys = invoices.index_keys(customer, before=keys.after_invoices_of(day), limit=LOOK_BACK)
    numbers = [keys.invoice_of(index_key) for index_key in index_keys]
    return [number for number in numbers if number[0] not in _NOT_SOLD]


def _covers(sold: Iterable[Line], cancelled: Line) -> bool:
    pieces = sum(
        line.quantity
        for line in sold
        if line.kind == "sale"
        and line.stock_code == cancelled.stock_code
        and line.customer == cancelled.customer
        and line.invoice_time <= cancelled.invoice_time
    )
    return 0 < -cancelled.quantity <= pieces
