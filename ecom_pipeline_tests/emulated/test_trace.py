"""trace: one event is followed through every store, by requests that its day decides."""

import io
import os
import re
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from ecom_pipeline import cli
from ecom_pipeline.cost.meter import Meter
from ecom_pipeline.domain import discard_keys, envelope, keys
from ecom_pipeline.domain.event import EventError
from ecom_pipeline.domain.retraction import Retraction
from ecom_pipeline.domain.tombstone import Tombstone
from ecom_pipeline.lake import connect, partition, retractions, tombstones
from ecom_pipeline.realtime import archive, ingest, store
from ecom_pipeline.table import retract
from ecom_pipeline.table.invoices import InvoiceTable
from ecom_pipeline.terminal import traces
from ecom_pipeline.trace.model import Wanted
from ecom_pipeline.trace.stream import Stream
from ecom_pipeline.trace.trace import Sources, trace
from ecom_pipeline.warehouse import connect as warehouse_connect
from ecom_pipeline.warehouse import load, marts
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline.warehouse.session import Session
from ecom_pipeline_tests.builders import accepted, kinesis_event, on, request
from ecom_pipeline_tests.emulated.given_up import given_up

pytestmark = pytest.mark.usefixtures("functions")

CUSTOMER = "918273001"


class Shop:
    """Stores of this test's own, and what producers, consumers and loads do with them."""

    def __init__(self, configured, stream):
        self.settings = configured
        self.lake = connect.lake(configured)
        self.warehouse = warehouse_connect.warehouse(configured)
        self.dynamodb = connect.client(configured, "dynamodb")
        self.kinesis = connect.client(configured, "kinesis")
        self.stream = stream
        self.sources = Sources(
            self.lake,
            InvoiceTable(self.dynamodb, configured.table),
            self.warehouse,
            Stream(self.kinesis, stream),
            timedelta(0),
        )
        self._numbers = iter(range(1, 1_000_000))

    def deliver(self, *events, to=(archive, store)):
        """Let consumers have accepted events, received now."""
        now = datetime.now(UTC)
        lines = [envelope.encode(accepted(event, now)) for event in events]
        batch = kinesis_event(lines, first=next(self._numbers) * 1_000)
        for consumer in to:
            assert consumer.handler(batch) == {"batchItemFailures": []}

    def consume(self):
        """Let the consumers have what is on the stream; return the sequence numbers."""
        name, numbers = self.stream, []
        for shard in self.kinesis.list_shards(StreamName=name)["Shards"]:
            start = self.kinesis.get_shard_iterator(
                StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            records = self.kinesis.get_records(ShardIterator=start)["Records"]
            batch = kinesis_event([each["Data"] for each in records])
            for made, each in zip(batch["Records"], records, strict=True):
                made["eventID"] = f"{shard['ShardId']}:{each['SequenceNumber']}"
                made["kinesis"]["sequenceNumber"] = each["SequenceNumber"]
                numbers.append(each["SequenceNumber"])
            for consumer in (archive, store) if records else ():
                assert consumer.handler(batch) == {"batchItemFailures": []}
        return numbers

    def load(self, *days):
        for day in days:
            assert partition.build(self.lake, day).unaccounted == 0
        load.publish(self.warehouse, self.lake, list(days))
        marts.refresh(self.warehouse, MARTS)

    def follow(self, event_id, **more):
        found = trace(self.sources, Wanted(event_id=event_id, **more))
        assert found.notes == ()
        (one,) = found.traces
        return one

    def told(self, event_id, **more):
        """Return what a person reads."""
        found = trace(self.sources, Wanted(event_id=event_id, **more))
        console = Console(width=300, record=True, file=io.StringIO())
        traces.show_trace(found, found.traces[0], console)
        return console.export_text()


@pytest.fixture
def shop(redshift):
    return Shop(redshift, os.environ["STREAM_NAME"])


def line(day, invoice, number=0, **changes):
    return on(day, InvoiceNo=invoice, event_id=f"{invoice}-{number}", **changes)


def test_an_accepted_event_is_followed_from_the_api_to_the_marts(shop, day, invoice):
    """Through the real ingest function and stream, so that the sequence number is the stream's."""
    event = line(day, invoice, CustomerID=CUSTOMER)
    assert (
        ingest.handler(request([event, line(day, invoice, 1, CustomerID=CUSTOMER)]))["statusCode"]
        == 202
    )
    (sequence, _) = shop.consume()
    shop.load(day)
    found = shop.follow(f"{invoice}-0")
    assert (found.states, found.missing) == (("accepted", "published"), ())
    (copy,) = found.copies
    assert (copy.sequence, copy.line, copy.id_source) == (sequence, 1, "producer")
    assert copy.key.startswith(keys.raw_prefix(day))
    assert found.item
    assert (found.item.invoice_no, found.item.invoice_date) == (invoice, day)
    assert found.csv
    assert (found.csv.part, found.csv.line) == (shop.lake.csv.part_keys(day)[0], 2)
    assert found.manifest
    assert (found.manifest.rows, found.manifest.sources) == (2, 1)
    assert (found.fact_rows, found.version, found.marts_version) == (1, 1, 1)
    assert [hop.name for hop in found.hops] == ["accepted", "stream", "raw", "CSV", "fact"]
    assert all(-2 < hop.seconds < 600 for hop in found.hops[1:])  # S3's times are whole seconds
    text = shop.told(f"{invoice}-0")
    assert f"sequence number {sequence}" in text
    assert "version 1" in text
    assert CUSTOMER not in text + msgspec.json.encode(found).decode()


def test_a_redelivered_event_has_each_of_its_records_told(shop, day, invoice):
    event = line(day, invoice)
    shop.deliver(event)
    shop.deliver(event)
    shop.load(day)
    found = shop.follow(f"{invoice}-0")
    assert found.states == ("accepted", "redelivered", "published")
    assert [copy.content for copy in found.copies] == ["first", "redelivered"]
    assert len({copy.key for copy in found.copies}) == 2


def test_a_late_event_has_the_version_that_brought_it(shop, day, invoice):
    shop.deliver(line(day, invoice))
    shop.load(day)
    time.sleep(1.1)  # the ledger's times are whole seconds
    shop.deliver(line(day, invoice, 1))
    waits = shop.follow(f"{invoice}-1", invoice_no=invoice)
    assert waits.states == ("accepted", "late", "waits for a load")
    shop.load(day)
    found = shop.follow(f"{invoice}-1")
    assert found.states == ("accepted", "late", "published")
    assert [each.cause for each in found.versions] == ["first", "late"]
    assert (found.version, shop.follow(f"{invoice}-0").version) == (2, 1)


def test_another_content_of_an_id_is_told_with_its_record_in_quarantine(shop, day, invoice):
    shop.deliver(line(day, invoice))
    shop.deliver(line(day, invoice, Quantity=50))
    shop.load(day)
    found = shop.follow(f"{invoice}-0")
    assert found.states == ("accepted", "conflict", "quarantined", "published")
    assert {each.reason for each in found.aside} == {"id_conflict"}


@pytest.mark.parametrize("state", ["quarantined", "replayed", "discarded"])
def test_a_refused_event_is_told_with_its_reason_and_without_its_values(shop, day, invoice, state):
    event = line(day, invoice, Quantity="six", CustomerID=CUSTOMER)
    now = datetime.now(UTC)
    record = envelope.rejected(
        envelope._ENCODER.encode(event),
        record="record 1 of the request",
        reason="invalid",
        received_at=now,
        error=EventError("Quantity", "a whole number", "six"),
    )
    key = keys.quarantine_key(shop.settings.shop.today(), "shardId-000000000000", "1", "1")
    moved = {
        "quarantined": key,
        "replayed": keys.replayed_key(key),
        "discarded": discard_keys.discarded_key(key),
    }
    shop.lake.raw.write_records(moved[state], [record])
    found = shop.follow(f"{invoice}-0")
    assert found.states == (state,)
    (aside,) = found.aside
    assert (aside.reason, aside.field) == ("invalid", "Quantity")
    assert CUSTOMER not in shop.told(f"{invoice}-0")
    by_invoice = trace(shop.sources, Wanted(invoice_no=invoice))
    assert (by_invoice.traces, by_invoice.aside) == ((), (aside,))


@pytest.mark.parametrize(
    ("mode", "states"),
    [
        ("anonymise", ("accepted", "erased (anonymise)", "published")),
        ("delete", ("accepted", "erased (delete)")),
    ],
)
def test_an_erased_customers_event_that_was_sent_again_is_told(shop, day, invoice, mode, states):
    tombstones.write(shop.lake, CUSTOMER, Tombstone(mode=mode, moment=datetime.now(UTC)))
    shop.deliver(line(day, invoice, CustomerID=CUSTOMER))
    shop.load(day)
    found = shop.follow(f"{invoice}-0", invoice_no=invoice)
    assert (found.states, found.missing) == (states, ())


def test_a_deleted_event_is_unknown_and_the_answer_says_that_it_may_be_erased(shop, day):
    tombstones.write(shop.lake, CUSTOMER, Tombstone(mode="delete", moment=datetime.now(UTC)))
    text = shop.told("gone", day=day)
    assert "unknown: no store has it" in text
    assert "1 customers deleted; a deleted event leaves no trace" in text


def test_a_returned_event_names_its_return_and_the_return_its_sale(shop, day, invoice):
    sale = line(day, invoice, CustomerID=CUSTOMER, Quantity=6)
    back = on(
        day, InvoiceNo=f"C{invoice}", event_id=f"{invoice}-b", CustomerID=CUSTOMER, Quantity=-2
    )
    shop.deliver(sale, back)
    shop.load(day)
    (match,) = shop.follow(f"{invoice}-0").returns
    assert (match.role, match.event_id, match.pieces) == ("returned by", f"{invoice}-b", 2)
    (match,) = shop.follow(f"{invoice}-b").returns
    assert (match.role, match.event_id, match.match) == (
        "return of",
        f"{invoice}-0",
        "part_of_line",
    )
    assert "returned" in shop.follow(f"{invoice}-0").states


def test_a_restated_event_names_what_replaced_it_and_the_other_what_it_restates(shop, day, invoice):
    shop.deliver(line(day, invoice), line(day, invoice, 1))
    shop.load(day)
    record = Retraction(
        event_id=f"{invoice}-0",
        invoice_no=invoice,
        stands=False,
        replaced_by=f"{invoice}-1",
        cause="restatement",
        by="somebody\x1b[2J",
        at=datetime.now(UTC),
    )
    retractions.append(shop.lake, day, [record])
    retract.retract(
        shop.dynamodb, shop.settings.table, retract.LineKey(invoice, f"{invoice}-0"), "restatement"
    )
    shop.load(day)
    found = shop.follow(f"{invoice}-0", invoice_no=invoice)
    assert found.states == ("accepted", f"restated as {invoice}-1")
    assert found.missing == ()
    assert shop.follow(f"{invoice}-1").states == ("accepted", f"restates {invoice}-0", "published")
    text = shop.told(f"{invoice}-0", day=day)
    assert "\x1b" not in text
    assert r"by somebody\x1b[2J" in text


def test_an_event_in_a_failed_batch_is_missing_and_the_batch_is_named(shop, day, invoice):
    event = line(day, invoice)
    shop.deliver(event, to=[archive])
    batch = given_up(shop.lake.raw.name, "ecom-store", [event])
    shop.lake.raw.put(batch.key, batch.body.encode())
    found = shop.follow(f"{invoice}-0", day=day)
    assert found.missing == ("DynamoDB",)
    assert [(each.key, each.function) for each in found.given_up] == [(batch.key, "ecom-store")]
    assert "ecom redeliver" in shop.told(f"{invoice}-0", day=day)


def test_what_a_store_has_lost_is_told(shop, day, invoice):
    shop.deliver(line(day, invoice), line(day, invoice, 1))
    shop.load(day)
    with shop.warehouse.session() as session:
        session.run("delete from sales.fact_invoice_lines where event_id = %s", [f"{invoice}-0"])
        session.commit()
    assert shop.follow(f"{invoice}-0", invoice_no=invoice).missing == ("fact",)
    for info in shop.lake.raw.objects_of(day):
        shop.lake.raw.remove([info.key])
    assert shop.follow(f"{invoice}-1").missing == ("raw",)


def test_all_events_of_an_invoice_are_told_in_whatever_store_they_are(shop, day, invoice):
    shop.deliver(line(day, invoice))
    shop.load(day)
    shop.deliver(line(day, invoice, 1))
    shop.deliver(line(day, invoice, 2), to=[archive])
    found = trace(shop.sources, Wanted(invoice_no=invoice))
    assert {each.event_id: (each.states[-1], each.version) for each in found.traces} == {
        f"{invoice}-0": ("published", 1),
        f"{invoice}-1": ("waits for a load", None),
        f"{invoice}-2": ("missing in DynamoDB", None),
    }
    console = Console(width=300, record=True, file=io.StringIO())
    traces.show_invoice(invoice, found, console)
    assert f"Invoice {invoice}: 3 events" in console.export_text()


def test_before_the_first_load_an_event_is_found_by_its_invoice(
    functions, servers, redshift_server, day, invoice
):
    name = f"{functions.glue_database}_bare"
    servers.bare_warehouse(name)
    shop = Shop(replace(functions, redshift_database=name), "nobody-s")
    shop.deliver(line(day, invoice))
    found = shop.follow(f"{invoice}-0", invoice_no=invoice)
    assert found.states == ("accepted", "waits for a load")
    servers.drop_warehouse(name)


def requests_of(shop, **wanted):
    """Return the requests of a trace by service and operation, and the statements."""
    statements = Counter()
    original = Session.rows

    def rows(self, sql, parameters=()):
        statements["sql"] += 1
        return original(self, sql, parameters)

    meter = Meter()
    events = [shop.lake.s3.meta.events, shop.dynamodb.meta.events, shop.kinesis.meta.events]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "rows", rows)
        with meter.on(events[0]), meter.on(events[1]), meter.on(events[2]):
            trace(shop.sources, Wanted(**wanted))
    return meter.take().calls | statements


def test_the_requests_do_not_grow_with_the_history(shop, days, invoice):
    history = days(30)
    shop.deliver(*(line(each, invoice, n) for n, each in enumerate(history[:3])))
    shop.load(*history[:3])
    asked = (
        {"event_id": f"{invoice}-1"},
        {"event_id": f"{invoice}-1", "invoice_no": invoice},
        {"event_id": "unknown"},
    )
    short = [requests_of(shop, **wanted) for wanted in asked]
    others = [line(each, f"{invoice}{n}") for n, each in enumerate(history[3:])]
    shop.deliver(*others)
    shop.load(*history[3:])
    assert [requests_of(shop, **wanted) for wanted in asked] == short
    assert short[0] == {
        "s3:ListObjectsV2": 2,  # the day's raw objects, the tombstones
        "s3:GetObject": 3,  # the raw object, the manifest, the part
        "dynamodb:Query": 1,
        "kinesis:GetShardIterator": 1,
        "kinesis:GetRecords": 1,
        "sql": 4,
    }


def test_the_command_answers_with_its_exit_code_and_refuses_what_is_no_id(
    shop, day, invoice, monkeypatch
):
    for name, value in {
        "ECOM_ENDPOINT_URL": str(shop.settings.endpoint_url),
        "ECOM_RAW_BUCKET": shop.settings.raw_bucket,
        "ECOM_CSV_BUCKET": shop.settings.csv_bucket,
        "ECOM_TABLE": shop.settings.table,
        "ECOM_REDSHIFT_PORT": str(shop.settings.redshift_port),
        "ECOM_REDSHIFT_DATABASE": shop.settings.redshift_database,
        "ECOM_ENVIRONMENT": "local",
        "ECOM_HOME": str(shop.settings.home),
        "ECOM_IN_FLIGHT_SECONDS": "0",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ecom_pipeline.client.endpoints.require", lambda _: None)
    shop.deliver(line(day, invoice))
    shop.load(day)
    run = CliRunner().invoke
    known = run(cli.ecom, ["trace", f"{invoice}-0", "--json"])
    assert known.exit_code == 0, known.output
    assert msgspec.json.decode(known.output)["traces"][0]["states"] == ["accepted", "published"]
    lost = run(cli.ecom, ["trace", "nobody-s"])
    assert lost.exit_code == 1
    assert "give --invoice NO, or --day" in lost.stderr
    assert re.search(r"looked in +raw lake: \d{4}-\d\d-\d\d, 0 objects", lost.stdout)
    assert run(cli.ecom, ["trace", "\x1b[2J"]).exit_code == 2
    assert run(cli.ecom, ["trace"]).exit_code == 2
