"""GET an invoice, or a customer's invoices: money as exact text, totals computed when read.

Who may call which route is API Gateway's to decide (infra/openapi.yaml); a key is built from
validated path parameters only.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ecom_pipeline.domain import keys
from ecom_pipeline.realtime.clients import client, env

PAGE = 100

_INVOICE_NO = re.compile(r"[A-Z]?\d{1,18}", re.ASCII)
_CUSTOMER_ID = re.compile(r"\d{1,18}", re.ASCII)
_PLACE = re.compile(r"\d{4}-\d{2}-\d{2}#[A-Z]?\d{1,18}", re.ASCII)
_FOUR_PLACES = Decimal("0.0001")

Response = dict[str, Any]
Item = dict[str, dict[str, str]]


def handler(request: dict[str, Any], _context: object = None) -> Response:
    """Answer one of the routes of infra/openapi.yaml."""
    path: dict[str, str] = request.get("pathParameters") or {}
    query: dict[str, str] = request.get("queryStringParameters") or {}
    match request["resource"]:
        case "/invoices/{no}":
            return _invoice(path["no"])
        case "/customers/{id}/invoices":
            return _customer_invoices(path["id"], query.get("after"))
        case route:
            return _answer(404, message=f"no such route: {route}")


def _invoice(number: str) -> Response:
    if not _INVOICE_NO.fullmatch(number):
        return _answer(404, message="no such invoice")
    items = list(_items(number))
    lines = [_line(item) for item in items if item["sk"]["S"] != keys.HEADER_SK]
    header = next((item for item in items if item["sk"]["S"] == keys.HEADER_SK), None)
    if header is None:
        return _answer(404, message="no such invoice")
    total = sum((Decimal(line["amount"]) for line in lines), Decimal("0.0000"))
    return _answer(
        200,
        invoice_no=number,
        invoice_date=header["invoice_date"]["S"],
        customer_id=keys.customer_of(header["customer"]["S"]) if "customer" in header else None,
        country=header["country"]["S"],
        total=str(total),
        lines=sorted(lines, key=lambda line: (line["invoice_time"], line["event_id"])),
    )


def _items(number: str) -> Iterator[Item]:
    pages = client("dynamodb").get_paginator("query")
    found = pages.paginate(
        TableName=env("TABLE_NAME"),
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.invoice_pk(number)}},
    )
    for page in found:
        yield from page["Items"]


def _line(item: Item) -> dict[str, Any]:
    text = {name: next(iter(value.values())) for name, value in item.items()}
    return {
        "event_id": keys.event_id_of(text["sk"]),
        "stock_code": text["stock_code"],
        "description": text.get("description"),
        "quantity": int(text["quantity"]),
        "unit_price": str(Decimal(text["unit_price"]).quantize(_FOUR_PLACES)),
        "amount": str(Decimal(text["amount"]).quantize(_FOUR_PLACES)),
        "invoice_time": text["invoice_time"],
        "kind": text["kind"],
    }


def _customer_invoices(customer: str, after: str | None) -> Response:
    if not _CUSTOMER_ID.fullmatch(customer):
        return _answer(404, message="no such customer")
    if after is not None and not _PLACE.fullmatch(after):
        return _answer(400, message="after: expected the `next` of the page before")
    condition, values = "customer = :customer", {":customer": {"S": keys.customer_key(customer)}}
    if after is not None:
        condition += " AND customer_invoice < :after"
        values[":after"] = {"S": after}
    page = client("dynamodb").query(
        TableName=env("TABLE_NAME"),
        IndexName=env("CUSTOMER_INDEX"),
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        ScanIndexForward=False,  # the newest first
        Limit=PAGE,
    )
    places = [item["customer_invoice"]["S"] for item in page["Items"]]
    return _answer(
        200,
        customer_id=customer,
        invoices=[{"invoice_no": keys.invoice_of(p), "invoice_date": p[:10]} for p in places],
        next=places[-1] if "LastEvaluatedKey" in page else None,
    )


def _answer(status: int, **body: object) -> Response:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
