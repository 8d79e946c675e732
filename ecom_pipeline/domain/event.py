"""The system's only event type, an invoice line: its fields, validation and canonical row.

The record format that carries it is in envelope.py, its storage keys are in keys.py.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

import msgspec

from ecom_pipeline.domain import text
from ecom_pipeline.domain.columns import ADDED, COLUMNS, WIRE_KEYS
from ecom_pipeline.domain.errors import EcomError

EARLIEST = date(2009, 1, 1)
EVENT_ID = "event_id"
INVOICE_NO_PATTERN = re.compile(r"[A-Z]?\d{1,18}", re.ASCII)
CUSTOMER_ID_PATTERN = re.compile(r"\d{1,18}", re.ASCII)
QUANTITY_LIMIT = 2**31  # -QUANTITY_LIMIT <= quantity < QUANTITY_LIMIT
EVENT_ID_PATTERN = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)

_ADDED_KEYS = tuple(column.wire for column in ADDED if column.wire)
_KEYS = frozenset((*WIRE_KEYS, EVENT_ID))
_MOST_BYTES = {c.wire: c.max_bytes for c in COLUMNS if c.wire and c.redshift.startswith("varchar")}
_SENT_CUSTOMER_ID = re.compile(rf"({CUSTOMER_ID_PATTERN.pattern})(?:\.0+)?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?", re.ASCII)
_MINUTE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})", re.ASCII)
_CENT_OF_CENT = Decimal("0.0001")
_PRICE_DIGITS = 8
_SHOWN = 80


class EventError(EcomError):
    """An invalid event: the field at fault, the expected value and the received one."""

    def __init__(self, field: str, expected: str, got: object) -> None:
        self.field = field
        self.expected = expected
        self.got = _shown(got)
        super().__init__(f"{field}: expected {expected}, got {self.got}")


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One item on one invoice.

    `unit_price` has exactly four decimals; `invoice_time` is local time of the shop, to the
    minute and without a zone; `added` has the values of columns.ADDED, in their order.
    """

    event_id: str
    invoice_no: str
    stock_code: str
    description: str | None
    quantity: int
    invoice_time: datetime
    unit_price: Decimal
    customer_id: str | None
    country: str
    added: tuple[str | None, ...] = ()

    @property
    def invoice_date(self) -> date:
        return self.invoice_time.date()

    @property
    def amount(self) -> Decimal:
        return amount_of(self.quantity, self.unit_price)

    @property
    def kind(self) -> str:
        return kind_of(self.invoice_no, self.quantity, self.unit_price)

    def row(self) -> tuple[str, ...]:
        """Return the canonical row: the texts of COLUMNS, in order; a missing value is ''."""
        return (
            self.event_id,
            self.invoice_no,
            self.stock_code,
            self.description or "",
            str(self.quantity),
            self.invoice_time.isoformat(" "),
            str(self.unit_price),
            self.customer_id or "",
            self.country,
            str(self.amount),
            self.kind,
            *[value or "" for value in self.added],
        )


def amount_of(quantity: int, unit_price: Decimal) -> Decimal:
    """Return quantity x unit_price; + 0 turns -0.0000, a write-off's, into 0.0000."""
    return quantity * unit_price + 0


def kind_of(invoice_no: str, quantity: int, unit_price: Decimal) -> str:
    """Return a line's kind: sale, cancellation, adjustment or write_off.

    With a positive quantity (C496350 of Online Retail II) a cancellation is an adjustment.
    """
    if invoice_no[0] == "C" and quantity < 0:
        return "cancellation"
    if invoice_no[0] in "CA":
        return "adjustment"
    return "write_off" if quantity < 0 and unit_price == 0 else "sale"


def money(number: Decimal | str) -> Decimal:
    """Return an amount with exactly four decimals; DynamoDB drops trailing zeros."""
    return Decimal(number).quantize(_CENT_OF_CENT)


def parse(payload: object, *, event_id: str = "", received: date) -> InvoiceLine:
    """Validate an event's decoded JSON and return its invoice line.

    `event_id` is used when the producer sent none. `received` is the shop's day of arrival: an
    invoice may be dated at most one day later. Numbers must be int, Decimal or text, never float.

    Raises:
        EventError: a field is invalid, missing or unknown.
    """
    if not isinstance(payload, Mapping):
        raise EventError("", "a JSON object", payload)
    event = cast("Mapping[str, Any]", payload)
    if not event.keys() <= _KEYS:
        unknown = min(event.keys() - _KEYS)
        raise EventError(unknown, f"no key but {', '.join(sorted(_KEYS))}", event[unknown])
    line = InvoiceLine(
        event_id=_event_id(event, event_id),
        invoice_no=_invoice_no(event),
        stock_code=_required(event, "StockCode"),
        description=_text(event, "Description"),
        quantity=_quantity(event),
        invoice_time=_time(event, received),
        unit_price=_price(event),
        customer_id=_customer_id(event),
        country=_required(event, "Country"),
        added=tuple([_text(event, wire) for wire in _ADDED_KEYS]) if _ADDED_KEYS else (),
    )
    if line.unit_price < 0 and line.kind != "adjustment":
        raise EventError("UnitPrice", "0 or more, but for adjustments (A...)", event["UnitPrice"])
    return line


def _event_id(event: Mapping[str, Any], assigned: str) -> str:
    value = event.get(EVENT_ID)
    if value is None and assigned:
        return assigned
    if not isinstance(value, str) or not EVENT_ID_PATTERN.fullmatch(value):
        raise EventError(EVENT_ID, "1 to 128 of A-Z a-z 0-9 . _ : -", value)
    return value


def _text(event: Mapping[str, Any], wire: str) -> str | None:
    """Return a text as sent; '' and null both give None, as in the data set's CSV."""
    value = event.get(wire)
    if value is None or value == "":
        return None
    if type(value) is int:  # pandas sends a column whose codes are all digits as numbers
        value = str(value)
    if not isinstance(value, str):
        raise EventError(wire, "text", value)
    if (expected := text.expected(value, _MOST_BYTES[wire])) is not None:
        raise EventError(wire, expected, value)
    return value


def _required(event: Mapping[str, Any], wire: str) -> str:
    value = _text(event, wire)
    if value is None:
        raise EventError(wire, "text", event.get(wire))
    return value


def _invoice_no(event: Mapping[str, Any]) -> str:
    value = _required(event, "InvoiceNo")
    if not INVOICE_NO_PATTERN.fullmatch(value):
        raise EventError("InvoiceNo", "up to 18 digits after an optional capital letter", value)
    return value


def _number(event: Mapping[str, Any], wire: str) -> Decimal:
    """Return the exact number of a JSON number or of a number sent as text."""
    value = event.get(wire)
    if type(value) is int or isinstance(value, Decimal):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    raise EventError(wire, "a number", value)


def _quantity(event: Mapping[str, Any]) -> int:
    value = event.get("Quantity")
    if type(value) is not int:
        number = _number(event, "Quantity")
        inside = -QUANTITY_LIMIT <= number < QUANTITY_LIMIT
        value = int(number) if inside and number == int(number) else 0
    if value == 0 or not -QUANTITY_LIMIT <= value < QUANTITY_LIMIT:
        raise EventError("Quantity", "a whole number of 32 bits, not 0", event["Quantity"])
    return value


def _price(event: Mapping[str, Any]) -> Decimal:
    number = _number(event, "UnitPrice")
    if number.adjusted() < _PRICE_DIGITS:
        exact = money(number)
        if exact == number:
            return exact + 0
    raise EventError("UnitPrice", "at most 8 digits before the point and 4 behind", number)


def _customer_id(event: Mapping[str, Any]) -> str | None:
    value = event.get("CustomerID")
    if value is None or value == "":
        return None
    if type(value) is int or isinstance(value, Decimal | str):
        found = _SENT_CUSTOMER_ID.fullmatch(str(value))  # pandas writes 17850.0 beside a missing id
        if found:
            return found[1]
    raise EventError("CustomerID", "digits or null", value)


def _time(event: Mapping[str, Any], received: date) -> datetime:
    value = event.get("InvoiceDate")
    time = _minute(value) if isinstance(value, str) else None
    latest = received + timedelta(days=1)
    if time is None or not EARLIEST <= time.date() <= latest:
        raise EventError("InvoiceDate", f"M/D/YYYY H:MM from {EARLIEST} to {latest}", value)
    return time


@lru_cache(maxsize=4096)
def _minute(text: str) -> datetime | None:
    found = _MINUTE.fullmatch(text)
    if not found:
        return None
    month, day, year, hour, minute = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the shop's clock
    except ValueError:
        return None


def _shown(value: object) -> str:
    text = "nothing" if value is None else str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
