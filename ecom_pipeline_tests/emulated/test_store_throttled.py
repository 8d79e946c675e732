"""realtime.store with a throttled DynamoDB, and its cost: none lost, duplicated or blocked."""

import json
from collections import Counter
from types import SimpleNamespace

import pytest

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.local.drill.faulty_responses import JSON
from ecom_pipeline.local.drill.http_proxy import Reply
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.realtime import store, table
from ecom_pipeline.realtime.items import StoreError
from ecom_pipeline.replay import dataset
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline_tests.builders import REAL, accepted, kinesis_event, on, stream_of
from ecom_pipeline_tests.emulated.test_store import items_of
from ecom_pipeline_tests.pipeline.faults import (
    functions_through,
    half_of_the_keys,
    half_of_the_statements,
    lost,
    throttled,
)

pytestmark = pytest.mark.usefixtures("functions")

HURRY = SimpleNamespace(get_remaining_time_in_millis=lambda: 10_300)
DONE = {"batchItemFailures": []}


@pytest.fixture
def deliver(aws, monkeypatch):
    """Deliver a batch in an environment of its own, under a rule."""

    def under(batch, rule, context=None):
        table._headers_seen.clear()
        with functions_through(aws, rule, monkeypatch):
            return store.handler(batch, context)

    return under


@pytest.fixture
def events(day, invoice):
    return [on(day, InvoiceNo=invoice, event_id=f"{invoice}-{n}") for n in range(40)]


def untouched(call, forward):
    return forward(call)


def first_time(fault):
    """Let a fault happen to the first call of each operation only."""
    seen = set()

    def rule(call, forward):
        new = call.operation not in seen
        seen.add(call.operation)
        return fault(call, forward) if new else forward(call)

    return rule


def refusing(word, code):
    """Answer each statement that mentions a word with an error."""

    def rule(call, forward):
        asked = json.loads(call.body).get("Statements")
        if asked is None:
            return forward(call)
        good = [each for each in asked if word not in json.dumps(each)]
        answers = iter(())
        if good:
            reply = forward(call.with_body(json.dumps({"Statements": good}).encode()))
            answers = iter(json.loads(reply.body)["Responses"])
        refused = {"Error": {"Code": code, "Message": "no"}}
        mixed = [next(answers) if each in good else refused for each in asked]
        return Reply(200, JSON, json.dumps({"Responses": mixed}).encode())

    return rule


@pytest.mark.parametrize("fault", [throttled, half_of_the_statements, lost])
def test_a_table_that_is_busy_for_a_moment_gets_all_lines_once(
    aws, deliver, events, invoice, fault
):
    assert deliver(stream_of(*events), first_time(fault)) == DONE
    assert len(items_of(aws, invoice)) == 41


@pytest.mark.parametrize("fault", [throttled, half_of_the_keys, lost])
def test_a_redelivery_reads_back_what_it_could_not_read_at_once(
    aws, deliver, events, invoice, fault
):
    deliver(stream_of(*events), untouched)
    before = items_of(aws, invoice)
    assert deliver(stream_of(*events), first_time(fault)) == DONE
    assert items_of(aws, invoice) == before


def test_a_table_that_stays_busy_fails_the_batch_from_its_first_record(deliver, events):
    batch = stream_of(*events, first=700)
    assert deliver(batch, throttled, HURRY) == {"batchItemFailures": [{"itemIdentifier": "700"}]}


def test_only_what_follows_the_first_line_that_was_refused_is_delivered_again(
    aws, deliver, events, invoice
):
    batch = stream_of(*events, first=700)
    rule = refusing(f"{invoice}-17", "ThrottlingError")
    assert deliver(batch, rule, HURRY) == {"batchItemFailures": [{"itemIdentifier": "717"}]}
    assert len(items_of(aws, invoice)) == 40
    assert deliver(stream_of(*events[17:], first=717), untouched) == DONE
    assert len(items_of(aws, invoice)) == 41


def test_a_line_whose_header_is_missing_is_not_done(aws, deliver, events, invoice):
    rule = refusing(keys.HEADER_SK, "ProvisionedThroughputExceeded")
    answer = deliver(stream_of(*events, first=5), rule, HURRY)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "5"}]}
    assert keys.HEADER_SK not in items_of(aws, invoice)


def test_killed_between_the_lines_and_the_header_it_puts_the_header_next_time(
    aws, deliver, events, invoice
):
    with pytest.raises(StoreError):
        deliver(stream_of(*events), refusing(keys.HEADER_SK, "AccessDenied"))
    assert keys.HEADER_SK not in items_of(aws, invoice)
    assert deliver(stream_of(*events), untouched) == DONE
    assert keys.HEADER_SK in items_of(aws, invoice)


class Meter:
    """A rule that lets DynamoDB tell the capacity of each call."""

    def __init__(self):
        self.units = Counter()
        self.headers = 0

    def __call__(self, call, forward):
        asked = json.loads(call.body)
        self.headers += call.body.count(b'"HEADER"') if "Statements" in asked else 0
        told = json.dumps({**asked, "ReturnConsumedCapacity": "TOTAL"}).encode()
        reply = forward(call.with_body(told))
        for each in json.loads(reply.body).get("ConsumedCapacity", ()):  # none for BatchGetItem
            self.units[call.operation] += each["CapacityUnits"]
        return reply


def records(folder):
    """Return some 3,000 events in their order, the real file's if it is at hand."""
    path = REAL / "online_retail.csv.gz"
    if not REAL.exists():
        path = write_sample(folder / "sample.csv.gz", days=3, rows_per_day=1_500).path
    for number, event in dataset.events(path, choices=DATA_SET, limit=3_000):
        yield accepted(event | {"event_id": f"u-{number}", "UnitPrice": str(event["UnitPrice"])})


def test_a_day_costs_a_write_unit_a_line_and_one_an_invoice_however_it_is_cut(
    aws, tmp_path, monkeypatch
):
    """Delivered again in an environment that knows nothing, it costs no header at all."""
    day = list(records(tmp_path))
    invoices = {envelope.line_of(record).invoice_no for record in day}
    data = [envelope.encode(record) for record in day]
    batches = [kinesis_event(data[n : n + 70], first=n) for n in range(0, len(data), 70)]
    first, again = Meter(), Meter()
    for meter in (first, again):
        table._headers_seen.clear()
        with functions_through(aws, meter, monkeypatch):
            assert all(store.handler(batch) == DONE for batch in batches)
    assert first.units["BatchExecuteStatement"] == len(data) + len(invoices)
    assert first.units.total() / len(data) < 1.1
    assert again.units["BatchExecuteStatement"] == len(data)
    assert again.headers == 0
