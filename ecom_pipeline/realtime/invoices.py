"""Reads of the table: an invoice's header and lines, and a customer's invoices by the index.

Queries by key only, never a scan. The items' attributes are in item_shape.py; the callers of
these functions check permissions.
"""

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.event import money
from ecom_pipeline.realtime.clients import answer_of, client, env
from ecom_pipeline.realtime.item_shape import Item, is_retracted, texts

MOST_INVOICES = 1000  # read for one answer; the data set's busiest customer has 248
_AT_ONCE = 8
_MOST_CODES = 100  # operands of IN in a filter expression
_ATTEMPTS = 3  # a client is waiting: at most some seconds, then 503


class BusyError(Exception):
    """DynamoDB throttled a read or did not answer it."""


class Header(msgspec.Struct, frozen=True):
    """The attributes that an invoice's lines share; a guest's invoice has no customer.

    `invoice_date` is ISO 8601; `index_key` is the sort key in the index, empty for a guest.
    """

    invoice_no: str
    invoice_date: str
    country: str
    customer: str | None
    index_key: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A stored line; prices and amounts are exact, with four decimals."""

    event_id: str
    customer: str | None
    stock_code: str
    description: str | None
    quantity: int
    unit_price: Decimal
    amount: Decimal
    invoice_time: str
    kind: str


def header(number: str, *, consistent: bool) -> Header | None:
    """Return an invoice's header; None when the invoice does not exist."""
    item = _get(number, keys.HEADER_SK, consistent=consistent)
    if item is None:
        return None
    customer = item.get("customer", {}).get("S")
    return Header(
        invoice_no=number,
        invoice_date=item["invoice_date"]["S"],
        country=item["country"]["S"],
        customer=None if customer is None else keys.customer_of(customer),
        index_key=item.get("customer_invoice", {}).get("S", ""),
    )


def line(number: str, event_id: str) -> Line | None:
    """Return one line, by a consistent read; None when it is not stored yet, or retracted."""
    item = _get(number, keys.line_sk(event_id), consistent=True)
    return None if item is None or is_retracted(item) else _line(item)


def lines(
    number: str, *, consistent: bool = False, codes: Collection[str] | None = None
) -> list[Line]:
    """Return an invoice's lines, ordered by time and event id.

    With stock codes, lines of others may be left out. A filter does not save read units, but what
    it drops is not sent and not decoded.
    """
    values = {":pk": {"S": keys.invoice_pk(number)}, ":line": {"S": keys.LINE_SK}}
    request: dict[str, object] = {
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :line)",
        "ExpressionAttributeValues": values,
        "ConsistentRead": consistent,
    }
    if codes is not None and len(codes) <= _MOST_CODES:
        names = {f":code{n}": {"S": code} for n, code in enumerate(sorted(codes))}
        values |= names
        request["FilterExpression"] = f"stock_code IN ({', '.join(names)})"
    read: list[Line] = []
    more = True
    while more:
        page = _ask("query", **request)
        read += [_line(item) for item in page["Items"] if not is_retracted(item)]
        more = "LastEvaluatedKey" in page
        if more:
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    return sorted(read, key=lambda line: (line.invoice_time, line.event_id))


def lines_of(
    numbers: Iterable[str], codes: Collection[str] | None = None
) -> Iterator[tuple[str, list[Line]]]:
    """Yield the number and the lines of each invoice, in the given order; `codes` as in `lines`."""
    asked = list(numbers)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from zip(asked, pool.map(partial(lines, codes=codes), asked), strict=True)


def index_keys(customer: str, *, before: str | None, limit: int) -> list[str]:
    """Return at most `limit` index sort keys of a customer's invoices, newest first.

    With `before`, only those that sort before it.
    """
    condition = "customer = :customer"
    values = {":customer": {"S": keys.customer_key(customer)}}
    if before is not None:
        condition += " AND customer_invoice < :before"
        values[":before"] = {"S": before}
    page = _ask(
        "query",
        IndexName=env("CUSTOMER_INDEX"),
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        ScanIndexForward=False,
        Limit=limit,
    )
    return [item["customer_invoice"]["S"] for item in page["Items"]]


def _get(number: str, sort_key: str, *, consistent: bool) -> Item | None:
    answer = _ask(
        "get_item",
        Key={"pk": {"S": keys.invoice_pk(number)}, "sk": {"S": sort_key}},
        ConsistentRead=consistent,
    )
    return answer.get("Item")


def _ask(operation: str, **request: object) -> dict[str, Any]:
    call = getattr(client("dynamodb", attempts=_ATTEMPTS), operation)
    answer = answer_of(call, TableName=env("TABLE_NAME"), **request)
    if answer is None:
        raise BusyError
    return answer


def _line(item: Item) -> Line:
    text = texts(item)
    return Line(
        event_id=keys.event_id_of(text["sk"]),
        customer=text.get("customer_id"),
        stock_code=text["stock_code"],
        description=text.get("description"),
        quantity=int(text["quantity"]),
        unit_price=money(text["unit_price"]),
        amount=money(text["amount"]),
        invoice_time=text["invoice_time"],
        kind=text["kind"],
    )
