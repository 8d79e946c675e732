"""table.invoices: reads by invoice cost what is asked for, and a throttled read is repeated."""

from collections import Counter
from dataclasses import replace

import pytest

from ecom_pipeline.local.drill.faulty_responses import half_of_the_keys, lost, throttled
from ecom_pipeline.local.drill.http_proxy import Proxy
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.realtime import store
from ecom_pipeline.replay import account, dataset
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.restate import compare
from ecom_pipeline.restate.rows import Selection
from ecom_pipeline.table import invoices as module
from ecom_pipeline.table.invoices import InvoiceTable, TableBusyError
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import on, stream_of
from ecom_pipeline_tests.emulated.test_store_throttled import first_time

pytestmark = pytest.mark.usefixtures("functions")

STORED = 120


@pytest.fixture
def numbers(day):
    """Store 120 invoices of two lines and return their numbers, among 130."""
    numbers = [f"{710000 + n}" for n in range(130)]
    lines = [
        on(day, InvoiceNo=number, event_id=f"{number}-{n}")
        for number in numbers[:STORED]
        for n in range(2)
    ]
    assert store.handler(stream_of(*lines)) == {"batchItemFailures": []}
    return numbers


def read(table, numbers):
    found = table.existing(numbers)
    ids = {number: sorted(each.standing) for number, each in table.line_ids(sorted(found))}
    items = {number: len(each) for number, each in table.items(sorted(found))}
    return found, ids, items


def expected(numbers):
    stored = numbers[:STORED]
    lines = {number: [f"{number}-0", f"{number}-1"] for number in stored}
    return set(stored), lines, dict.fromkeys(stored, 3)


def test_headers_are_read_a_hundred_a_request_and_an_invoices_lines_by_one(aws, numbers):
    table = InvoiceTable(connect.client(aws, "dynamodb"), aws.table)
    assert read(table, numbers) == expected(numbers)
    assert Counter(table.requests) == {"BatchGetItem": 2, "Query": 2 * STORED}


@pytest.mark.parametrize("fault", [throttled, half_of_the_keys, lost])
def test_a_read_that_is_throttled_or_lost_is_repeated(aws, numbers, fault):
    with Proxy(aws.endpoint_url, first_time(fault)) as proxy:
        client = connect.client(replace(aws, endpoint_url=proxy.url), "dynamodb")
        assert read(InvoiceTable(client, aws.table), numbers) == expected(numbers)


def test_a_table_that_stays_busy_is_one_sentence(aws, numbers, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0)
    with Proxy(aws.endpoint_url, throttled) as proxy:
        client = connect.client(replace(aws, endpoint_url=proxy.url), "dynamodb")
        with pytest.raises(TableBusyError, match=f"reads of {aws.table}"):
            InvoiceTable(client, aws.table).existing(numbers)


def test_a_file_again_is_compared_by_one_request_an_invoice_and_one_for_100_headers(aws, tmp_path):
    path = tmp_path / "sales.csv"
    write_sample(path, days=1, rows_per_day=600)
    events = dataset.events(path, choices=DATA_SET)
    sent = [event | {"UnitPrice": str(event["UnitPrice"])} for _, event in events]
    assert store.handler(stream_of(*sent)) == {"batchItemFailures": []}
    table = InvoiceTable(connect.client(aws, "dynamodb"), aws.table)
    found = compare.compare(
        compare.Stores(table, connect.lake(aws)),
        Selection(account.numbered(events)),
        lambda: pytest.fail("read again, and each row's event id is stored"),
        lambda _: pytest.fail("compared"),
    )
    assert (found.changed, found.stored_elsewhere) == ([], set())
    stored = found.known
    headers = -(-found.invoices // 100)
    assert Counter(table.requests) == {"BatchGetItem": headers, "Query": stored}
