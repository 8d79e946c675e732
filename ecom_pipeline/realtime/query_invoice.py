"""One invoice with its lines and its total, computed when read.

A customer gets their own invoices only, and of those their own lines. Another customer's invoice
and one that does not exist cause the same reads and the same response.
"""

from decimal import Decimal
from typing import Any

from ecom_pipeline.domain.event import INVOICE_NO_PATTERN
from ecom_pipeline.realtime import invoices
from ecom_pipeline.realtime.clients import env
from ecom_pipeline.realtime.invoices import Line
from ecom_pipeline.realtime.responses import NotFoundError, NotYetError
from ecom_pipeline.realtime.returns import matched


def invoice(number: str, *, reader: str | None, receipt: str | None) -> dict[str, Any]:
    """Return the response body: an invoice as `reader`, a customer id, may see it.

    `reader` None is the shop's staff, who see everything. With `receipt`, an event id, the invoice
    is returned only once that event is in it.

    Raises:
        NotFoundError: the invoice does not exist, or is not the reader's.
        NotYetError: the receipt's event is not visible yet, or the invoice or the event is not
            the reader's: a forged receipt must not reveal whether an invoice exists.
    """
    if not INVOICE_NO_PATTERN.fullmatch(number):
        raise NotFoundError("no such invoice")
    header = invoices.header(number, consistent=receipt is not None)
    theirs = header is not None and reader in (None, header.customer)
    if receipt is not None:
        line = invoices.line(number, receipt)
        if not theirs or line is None or reader not in (None, line.customer):
            raise NotYetError
    if header is None or not theirs:
        raise NotFoundError("no such invoice")
    lines = [
        line
        for line in invoices.lines(number, consistent=receipt is not None)
        if reader in (None, line.customer)
    ]
    matches = matched(number, lines)
    return {
        "invoice_no": number,
        "invoice_date": header.invoice_date,
        "customer_id": header.customer,
        "country": header.country,
        "currency": env("CURRENCY"),
        "total": str(sum((line.amount for line in lines), Decimal("0.0000"))),
        "lines": [_shown(line) | matches.get(line.event_id, {}) for line in lines],
    }


def _shown(line: Line) -> dict[str, Any]:
    return {
        "event_id": line.event_id,
        "stock_code": line.stock_code,
        "description": line.description,
        "quantity": line.quantity,
        "unit_price": str(line.unit_price),
        "amount": str(line.amount),
        "invoice_time": line.invoice_time,
        "kind": line.kind,
    }
