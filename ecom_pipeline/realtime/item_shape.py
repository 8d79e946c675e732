"""The attributes of the table's items: invoice headers, lines, and the index by customer.

A header has the key `(INVOICE#number, HEADER)`, a line `(INVOICE#number, LINE#event_id)`. All code
that writes, reads, compares or erases items uses the definitions here.

A retracted line keeps its item, with the attribute RETRACTED: the cause. Its key stays taken, so a
redelivery of the event changes nothing. Readers skip it.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import ADDED, CSV_HEADER, column
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.event import InvoiceLine, money

Item = dict[str, dict[str, str]]
"""Attributes in the format of DynamoDB's API: name -> type (S or N) -> text."""
Key = tuple[str, str]
"""Partition key and sort key."""

INDEX = "customer-invoices"
INDEX_KEYS = ("pk", "sk", "customer", "customer_invoice")  # all attributes of the index
PERSONAL = frozenset({"customer_id", "customer", "customer_invoice"})
RECEIVED_AT = "received_at"
RETRACTED = "retracted"
_MONEY = frozenset(name for name in CSV_HEADER if column(name).redshift.startswith("decimal"))


def key_of(line: InvoiceLine) -> Key:
    """Return a line's primary key."""
    return keys.invoice_pk(line.invoice_no), keys.line_sk(line.event_id)


def line_item(line: InvoiceLine, received_at: datetime) -> Item:
    """Return a line's item; reconcile uses `received_at` to detect lines in flight."""
    numbers = {"quantity": line.quantity, "unit_price": line.unit_price, "amount": line.amount}
    texts = {
        "stock_code": line.stock_code,
        "description": line.description,
        "customer_id": line.customer_id,
        "country": line.country,
        "invoice_time": line.invoice_time.isoformat(" "),
        "kind": line.kind,
        RECEIVED_AT: received_at.astimezone(UTC).isoformat(timespec="seconds"),
    } | {column.name: text for column, text in zip(ADDED, line.added, strict=True)}
    pk, sk = key_of(line)
    return (
        {"pk": {"S": pk}, "sk": {"S": sk}, "digest": {"N": str(digest(line.row()))}}
        | {name: {"S": text} for name, text in texts.items() if text is not None}
        | {name: {"N": str(number)} for name, number in numbers.items()}
    )


def header_item(line: InvoiceLine) -> Item:
    """Return an invoice's header.

    Only a known customer's header has the index's keys, so guests' invoices are not in the index.
    """
    header = {
        "pk": {"S": keys.invoice_pk(line.invoice_no)},
        "sk": {"S": keys.HEADER_SK},
        "invoice_date": {"S": line.invoice_date.isoformat()},
        "country": {"S": line.country},
    }
    if line.customer_id is None:
        return header
    return header | {
        "customer": {"S": keys.customer_key(line.customer_id)},
        "customer_invoice": {"S": keys.customer_invoice_key(line.invoice_date, line.invoice_no)},
    }


def is_header(item: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether an item is an invoice's header."""
    return item["sk"]["S"] == keys.HEADER_SK


def is_retracted(item: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether an item is a line that was taken back."""
    return RETRACTED in item


def header_of(line: Mapping[str, Mapping[str, str]]) -> Item:
    """Return the header that would be written for a line's item."""
    day, number = day_of(line), keys.invoice_no_of(line["pk"]["S"])
    wanted = {"invoice_date": day.isoformat(), "country": line["country"]["S"]}
    if "customer_id" in line:
        index_key = keys.customer_invoice_key(day, number)
        customer = keys.customer_key(line["customer_id"]["S"])
        wanted |= {"customer": customer, "customer_invoice": index_key}
    key = {"pk": line["pk"]["S"], "sk": keys.HEADER_SK}
    return {name: {"S": text} for name, text in (key | wanted).items()}


def day_of(line: Mapping[str, Mapping[str, str]]) -> date:
    """Return the invoice date of a line's item."""
    return date.fromisoformat(line["invoice_time"]["S"][:10])


def row_of(line: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return the canonical row of a line's item; DynamoDB drops trailing zeros of numbers."""
    text = texts(line)
    text["event_id"] = keys.event_id_of(text["sk"])
    text["invoice_no"] = keys.invoice_no_of(text["pk"])
    for name in _MONEY:
        text[name] = str(money(text[name]))
    return tuple([text.get(name, "") for name in CSV_HEADER])


def texts(item: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return an item's attributes as name -> text, without their types."""
    return {name: next(iter(value.values())) for name, value in item.items()}
