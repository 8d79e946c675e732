"""realtime.store against an emulated DynamoDB: each line is stored once, for any redelivery."""

import random
from decimal import Decimal
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Key

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.realtime.store import handler
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import (
    RECEIVED,
    accepted,
    kinesis_event,
    on,
    read_rejected,
    stream_of,
)

pytestmark = pytest.mark.usefixtures("functions")


def items_of(aws, invoice):
    dynamodb: Any = boto3.resource("dynamodb")
    table = dynamodb.Table(aws.table)
    found = table.query(KeyConditionExpression=Key("pk").eq(keys.invoice_pk(invoice)))
    return {item["sk"]: item for item in found["Items"]}


def test_an_invoice_is_a_header_and_its_lines(aws, day, invoice):
    lines = [on(day, InvoiceNo=invoice, event_id=f"{invoice}-{n}") for n in range(3)]
    assert handler(stream_of(*lines)) == {"batchItemFailures": []}
    items = items_of(aws, invoice)
    assert len(items) == 4
    header = items[keys.HEADER_SK]
    assert header["customer"] == "CUSTOMER#17850"
    assert header["invoice_date"] == day.isoformat()
    assert items[keys.line_sk(f"{invoice}-0")]["amount"] == Decimal("15.3")


def test_a_guest_is_in_no_customer_index(aws, day, invoice):
    handler(stream_of(on(day, InvoiceNo=invoice, CustomerID=None)))
    assert "customer" not in items_of(aws, invoice)[keys.HEADER_SK]


def test_any_redelivery_in_any_order_changes_nothing(aws, day, invoice):
    lines = [
        on(day, InvoiceNo=invoice, event_id=f"{invoice}-{n}", Quantity=n + 1) for n in range(40)
    ]
    handler(stream_of(*lines))
    before = items_of(aws, invoice)
    for seed in range(3):
        mixed = random.Random(seed).choices(lines, k=60)
        handler(stream_of(*mixed, first=seed * 100))
    assert items_of(aws, invoice) == before
    assert len(before) == 41


def test_the_first_content_of_an_id_stands_and_the_second_is_quarantined(aws, day, invoice):
    first = on(day, InvoiceNo=invoice, event_id=f"{invoice}-x", Quantity=6)
    second = first | {"Quantity": 7}
    handler(stream_of(first))
    handler(stream_of(second, first, first=50))
    assert items_of(aws, invoice)[keys.line_sk(f"{invoice}-x")]["quantity"] == 6
    mark = digest(envelope.line_of(accepted(second)).row())
    key = keys.conflict_key(RECEIVED.date(), f"{invoice}-x", mark)
    (found,) = map(read_rejected, connect.lake(aws).raw.lines(key))
    assert found.reason == "id_conflict"
    assert b'"Quantity": 7' in envelope.original_bytes(found)


def test_a_poison_record_keeps_no_neighbour_out(aws, day, invoice):
    good = envelope.encode(accepted(on(day, InvoiceNo=invoice)))
    assert handler(kinesis_event([b"poison", good, b"{}"])) == {"batchItemFailures": []}
    assert len(items_of(aws, invoice)) == 2
