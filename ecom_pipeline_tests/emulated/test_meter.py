"""cost.meter on real calls: each is counted at the AWS client, with its billed units."""

import boto3
import pytest

from ecom_pipeline.cost.meter import Meter
from ecom_pipeline.domain import keys
from ecom_pipeline.realtime import items
from ecom_pipeline.realtime.clients import client
from ecom_pipeline.realtime.store import handler
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import on, stream_of

pytestmark = pytest.mark.usefixtures("functions")


@pytest.fixture
def dynamodb(functions):
    """Yield a meter on the functions' client of DynamoDB."""
    with Meter().on(client("dynamodb", attempts=1).meta.events) as meter:
        yield meter


def test_an_invoice_is_billed_for_its_lines_its_header_and_the_header_in_the_index(
    dynamodb, day, invoice
):
    handler(stream_of(*(on(day, InvoiceNo=invoice, event_id=f"{invoice}-{n}") for n in range(30))))
    used = dynamodb.take()
    assert used.calls == {"dynamodb:BatchExecuteStatement": 2 + 1}
    assert used.units["dynamodb_write_units"] == 30 + 1 + 1
    assert dynamodb.take().requests == 0


def test_a_redelivery_is_billed_for_the_refused_puts_and_for_reading_them_back(
    dynamodb, day, invoice
):
    batch = stream_of(*(on(day, InvoiceNo=invoice, event_id=f"{invoice}-{n}") for n in range(3)))
    handler(batch)
    dynamodb.take()
    handler(batch)
    used = dynamodb.take()
    assert used.calls == {"dynamodb:BatchExecuteStatement": 1, "dynamodb:BatchGetItem": 1}
    assert used.units == {"dynamodb_write_units": 3, "dynamodb_read_units": 3}


@pytest.mark.parametrize("size", [800, 1_100, 3_000])
def test_an_insert_costs_by_our_rule_what_the_table_says_that_a_put_does(functions, invoice, size):
    """The emulator says one unit of any INSERT, so the same item is put in both ways."""
    table = boto3.client("dynamodb")
    item = {"pk": {"S": f"i-{invoice}"}, "sk": {"S": "x" * 100}, "text": {"S": "y" * size}}
    with Meter().on(table.meta.events) as meter:
        table.batch_execute_statement(Statements=[items._statement(item)])
        inserted = meter.take().units
        table.put_item(TableName=functions.table, Item=item)
        put = meter.take().units
    assert inserted["dynamodb_write_units"] == put["dynamodb_write_units"]


def test_what_only_the_table_knows_is_asked_of_it_and_the_answer_is_the_same(functions, invoice):
    table = boto3.client("dynamodb")
    key = {"pk": {"S": f"u-{invoice}"}, "sk": {"S": "x"}}
    with Meter().on(table.meta.events) as meter:
        table.put_item(TableName=functions.table, Item=key | {"text": {"S": "y" * 1_500}})
        table.get_item(TableName=functions.table, Key=key, ConsistentRead=True)
    used = meter.take()
    assert used.calls == {"dynamodb:GetItem": 1, "dynamodb:PutItem": 1}
    assert (used.units["dynamodb_write_units"], used.units["dynamodb_read_units"]) == (2, 1)


def test_a_refused_condition_of_s3_is_a_request_and_keeps_nothing(aws, day):
    lake = connect.lake(aws)
    key = keys.raw_key(day, "0", "1", "1")
    with Meter().on(lake.s3.meta.events) as meter:
        lake.raw.put_first(key, b"x" * 1_024)
        first = meter.take()
        lake.raw.put_first(key, b"x" * 1_024)
        second = meter.take()
        lake.raw.read(key)
        lake.raw.read(f"{key}-not-there")
        lake.raw.remove([key])
    assert first.units["s3_gb_kept"] > 0
    assert second.units == {"s3_puts": 1}
    assert meter.take().units == {"s3_gets": 2}


def test_a_client_whose_meter_was_taken_off_is_counted_no_more(aws, day):
    lake = connect.lake(aws)
    with Meter().on(lake.s3.meta.events) as meter:
        lake.raw.objects_of(day)
    lake.raw.objects_of(day)
    assert meter.take().calls == {"s3:ListObjectsV2": 1}
