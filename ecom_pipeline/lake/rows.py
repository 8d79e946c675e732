"""Parse a raw line to a row of CSV: the reference implementation, and a faster one with a cache.

Validation is domain/event.py's. CachingReader validates each invoice and each product at its price
once, and builds further rows from the cached texts: 21 lines share an invoice and 130 a product in
the data set. Lines that are not cached, or have an unusual form, go to the reference.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import msgspec

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.columns import ADDED, CSV_HEADER, WIRE_KEYS
from ecom_pipeline.domain.digest import SEPARATOR
from ecom_pipeline.domain.envelope import Accepted, IdSource, UnreadableError
from ecom_pipeline.domain.event import (
    EVENT_ID,
    EVENT_ID_PATTERN,
    QUANTITY_LIMIT,
    EventError,
    InvoiceLine,
    amount_of,
    kind_of,
)

_MOST_REMEMBERED = 32_768  # entries a cache, some 10 MB; the data set has 25,900 and 18,053


# A row: its event id, its canonical texts joined by SEPARATOR, its quantity and its amount
Row = tuple[str, str, int, Decimal]
Reader = Callable[[bytes, date], Row]


def event_of(line: bytes, day: date) -> tuple[Accepted, InvoiceLine]:
    """Return the record and the event of a raw line.

    Raises:
        UnreadableError: the line is not an accepted record.
        EventError: the event is invalid, or of another day than `day`.
    """
    record, event = envelope.event_of(line)
    if not isinstance(record, Accepted) or event is None:
        raise UnreadableError("a rejected record under a raw prefix")
    if event.invoice_date != day:
        raise EventError("InvoiceDate", f"a time of {day}", str(event.invoice_time))
    return record, event


def reference(line: bytes, day: date) -> Row:
    """Return a line's row, by the validation rules of domain/event.py.

    Raises:
        UnreadableError: the line is not an accepted record.
        EventError: the event is invalid, or of another day than `day`.
    """
    event = event_of(line, day)[1]
    return event.event_id, SEPARATOR.join(event.row()), event.quantity, event.amount


# The usual form of an event. Cache keys are texts and a number's original bytes only, because 1,
# 1.0 and true are the same key of a dict.
_TYPES: dict[str, Any] = {"Quantity": int, "UnitPrice": msgspec.Raw}
_TEXTS = [wire for wire in WIRE_KEYS if wire not in _TYPES]
_ADDED = [column.wire for column in ADDED if column.wire]
_Event = msgspec.defstruct(
    "_Event",
    [(EVENT_ID, str), *_TYPES.items(), *((wire, str | None, None) for wire in _TEXTS)],
    forbid_unknown_fields=True,
    gc=False,
)
_Sent = msgspec.defstruct(
    "_Sent",
    [(EVENT_ID, str), ("id_source", IdSource), ("received_at", datetime), ("event", _Event)],
    tag_field="status",
    tag="accepted",
    gc=False,
)
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Sent)
_invoice_key = attrgetter("InvoiceNo", "InvoiceDate", "CustomerID", "Country", *_ADDED)
_is_event_id = EVENT_ID_PATTERN.fullmatch


def _texts_of(*columns: str) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    return itemgetter(*map(CSV_HEADER.index, columns))


_of_invoice = _texts_of("invoice_no", "invoice_time", "customer_id", "country")
_of_product = _texts_of("stock_code", "description", "unit_price")


class _Invoice(NamedTuple):
    """The values that an invoice's lines share, as texts of the row; the first one's arrival."""

    received: date
    day: date
    invoice_no: str
    time: str
    customer_and_country: str
    added: str


class _Product(NamedTuple):
    """The values that lines of a product at one price share, as texts of the row."""

    code_and_description: str
    price: str


class CachingReader:
    """A reader with the same results and errors as `reference`, in less time."""

    def __init__(self) -> None:
        self._invoices: dict[Any, _Invoice] = {}
        self._products: dict[Any, _Product] = {}

    def __call__(self, line: bytes, day: date) -> Row:
        try:
            sent = _DECODER.decode(line)
        except envelope.NOT_JSON:
            return reference(line, day)  # not the usual form
        event = sent.event
        invoice = self._invoices.get(_invoice_key(event))
        product = self._products.get(_product_key(event))
        if (
            invoice is not None
            and product is not None
            and event.event_id == sent.event_id
            and _is_event_id(event.event_id)
            and 0 < abs(event.Quantity) < QUANTITY_LIMIT
            and invoice.day == day
            and product.price[0] != "-"  # allowed or not by the invoice's kind
            and invoice.received
            <= sent.received_at.date()  # an earlier day may make its time invalid
        ):
            return _together(event.event_id, invoice, product, event.Quantity)
        return self._ask(line, day, event)

    def _ask(self, line: bytes, day: date, sent: Any) -> Row:
        """Parse a line by the rules of `reference`, and cache its invoice and its product."""
        record, event = event_of(line, day)
        texts = event.row()
        row = event.event_id, SEPARATOR.join(texts), event.quantity, event.amount
        invoice, product = _pieces(record, event, texts)
        if _together(event.event_id, invoice, product, event.quantity) == row:
            _remember(self._invoices, _invoice_key(sent), invoice)
            _remember(self._products, _product_key(sent), product)
        return row


def _product_key(event: Any) -> tuple[str | None, str | None, bytes]:
    return event.StockCode, event.Description, bytes(event.UnitPrice)


def _pieces(
    record: Accepted, event: InvoiceLine, texts: tuple[str, ...]
) -> tuple[_Invoice, _Product]:
    invoice_no, time, customer_id, country = _of_invoice(texts)
    code, description, price = _of_product(texts)
    invoice = _Invoice(
        received=record.received_at.date(),
        day=event.invoice_date,
        invoice_no=invoice_no,
        time=time,
        customer_and_country=f"{customer_id}{SEPARATOR}{country}",
        added="".join(SEPARATOR + text for text in texts[-len(ADDED) :]) if ADDED else "",
    )
    return invoice, _Product(f"{code}{SEPARATOR}{description}", price)


def _together(event_id: str, invoice: _Invoice, product: _Product, quantity: int) -> Row:
    """Build a row; SEPARATOR is a literal here, for speed."""
    _, _, invoice_no, time, customer_and_country, added = invoice
    code_and_description, price = product
    amount, amount_and_kind = _computed(invoice_no[0], quantity, price)
    text = (
        f"{event_id}\x1f{invoice_no}\x1f{code_and_description}\x1f{quantity}\x1f{time}"
        f"\x1f{price}\x1f{customer_and_country}\x1f{amount_and_kind}{added}"
    )
    return event_id, text, quantity, amount


@lru_cache(_MOST_REMEMBERED)
def _computed(initial: str, quantity: int, price: str) -> tuple[Decimal, str]:
    unit_price = Decimal(price)
    amount = amount_of(quantity, unit_price)
    return amount, f"{amount}{SEPARATOR}{kind_of(initial, quantity, unit_price)}"


def _remember(known: dict[Any, Any], key: object, said: object) -> None:
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = said
