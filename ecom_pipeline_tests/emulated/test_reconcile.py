"""Injected corruptions: each is reported with event and hop, and repaired or reported as lost."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import dagster as dg
import msgspec
import pytest

from ecom_pipeline import definitions
from ecom_pipeline.bi import marts as bi_marts
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.tombstone import NONE
from ecom_pipeline.lake import identity, partition
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.orchestration import requests, runs
from ecom_pipeline.realtime import archive, store
from ecom_pipeline.reconcile import connect as proof
from ecom_pipeline.reconcile.classify import Watermark
from ecom_pipeline.reconcile.compare import reconcile
from ecom_pipeline.reconcile.repair import repair
from ecom_pipeline.reconcile.segments import SEGMENTS
from ecom_pipeline.reconcile.stores.sent import SentStore
from ecom_pipeline.reconcile.stores.table import TableStore
from ecom_pipeline.replay import account
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.replay.understanding import understand
from ecom_pipeline.table.connect import invoice_table
from ecom_pipeline.warehouse import connect, ledger, load, marts, trust
from ecom_pipeline.warehouse.mart_list import DATA_TRUST, MARTS
from ecom_pipeline_tests.builders import on, stream_of
from ecom_pipeline_tests.emulated.corruptions import (
    MENDED,
    OF_THE_TABLE,
    UNKNOWN_TO_RAW,
    add_header,
    delete_fact_row,
    number_of,
    swap_rows,
)

pytestmark = pytest.mark.usefixtures("functions")

INVOICES, LINES = 3, 4
FACT = load.FACT


@pytest.fixture
def world(redshift):
    """Return settings by which nothing is in flight: what is missing is missing."""
    return replace(redshift, in_flight_seconds=-60)


@pytest.fixture
def sold(world, day):
    """Put a day of twelve events into every store and return them."""
    events = [
        on(
            day,
            event_id=f"{day}-{n}-{m}",
            InvoiceNo=number_of(day, n),
            StockCode=f"S{m}",
            Quantity=m + 1,
        )
        for n in range(INVOICES)
        for m in range(LINES)
    ]
    deliver(events)
    warehouse, lake = connect.warehouse(world), connect.lake(world)
    partition.build(lake, day)
    load.publish(warehouse, lake, [day])
    marts.refresh(warehouse, MARTS)
    assert compared(world, day).differences == []
    return events


def deliver(events, first=1):
    delivery = stream_of(*events, first=first)
    archive.handler(delivery)
    assert store.handler(delivery) == {"batchItemFailures": []}


def compared(world, day, *others, full=False):
    """Compare the stores without what asks whether a local AWS with a poller runs."""
    arrived = datetime.now(UTC) - timedelta(seconds=world.in_flight_seconds)
    mark = Watermark(received=arrived, today=date(2026, 1, 1))
    return reconcile([*others, *proof.stores(world, full=full)], day, day, mark)


def test_what_nobody_sent_is_named_on_a_day_that_the_data_set_does_not_have(
    world, day, sold, tmp_path
):
    path = write_sample(tmp_path / "sent.csv", days=1, rows_per_day=10).path
    sent = understand(path, DATA_SET)
    found = compared(world, day, SentStore(partial(account.lines, sent, NONE)))
    assert {each.event_id for each in found.wrong} == {each["event_id"] for each in sold}


def raw_keys(world, day):
    return [found.key for found in connect.lake(world).raw.objects_of(day)]


@pytest.mark.parametrize("corrupt", MENDED, ids=lambda each: each.__name__)
def test_a_corruption_is_named_and_mended(world, day, sold, corrupt):
    corrupt(world, day)
    found = compared(world, day, full=corrupt in UNKNOWN_TO_RAW)
    names = [str(each) for each in found.wrong]
    for expected in MENDED[corrupt]:
        wanted = f"{day} " + expected.format(day=day, number=number_of(day, ""))
        assert any(name.startswith(wanted) for name in names), names
    assert found.differences
    repair(proof.writable(world), found.wrong)
    for full in (False, True):
        assert compared(world, day, full=full).findings == []
        assert compared(world, day, full=full).differences == []
    with connect.warehouse(world).session() as session:
        assert [marts.imbalances(session, mart) for mart in MARTS] == [[] for _ in MARTS]
        who = session.rows("select distinct repaired_by from sales.repairs")
    assert who == [(identity.caller(world),)]


@pytest.mark.parametrize("corrupt", OF_THE_TABLE, ids=lambda each: each.__name__)
def test_the_rolling_scan_finds_a_corruption_of_the_table_within_a_turn(world, day, sold, corrupt):
    before = [proof.next_segment(world) for _ in range(SEGMENTS)]
    assert sorted(each.scanned.number for each in before) == list(range(SEGMENTS))
    assert sum(each.scanned.items for each in before) == len(sold) + INVOICES
    assert [each.differences for each in before if each.differences] == []
    corrupt(world, day)
    found = [proof.next_segment(world) for _ in range(SEGMENTS)]
    names = [str(each) for verdict in found for each in verdict.wrong]
    for expected in MENDED[corrupt]:
        wanted = f"{day} " + expected.format(day=day, number=number_of(day, ""))
        assert any(name.startswith(wanted) for name in names), names
    (row,) = bi_marts.read(connect.warehouse(world), [DATA_TRUST])[DATA_TRUST.name].records()
    assert row["reconciled"] == "no"
    seen = trust.coverage(connect.warehouse(world), SEGMENTS)
    assert (seen.scanned, seen.oldest is None) == (SEGMENTS, False)


def test_a_day_costs_its_own_invoices_and_a_scan_where_that_is_cheaper(world, day, sold):
    table = invoice_table(world)
    others = [on(day + timedelta(days=1), event_id=f"o{n}", InvoiceNo=f"9{n}") for n in range(40)]
    deliver(others)
    stores = proof.stores(world)
    found = reconcile(stores, day, day, proof.watermark(world))
    assert found.differences == []
    assert str(found.reading) == f"{INVOICES} queries, about 2 read units"
    assert "a scan of the table" in str(compared(world, day, full=True).reading)
    asked = next(store for store in stores if isinstance(store, TableStore)).table
    assert Counter(asked.requests) == {"Query": INVOICES}
    assert found.read_units <= Decimal("0.15") * len(sold)
    assert table.bytes() > 0


def test_nothing_is_in_the_report_but_what_was_corrupted(world, day, sold):
    swap_rows(world, day)
    found = compared(world, day)
    assert {each.event_id for each in found.findings} == {f"{day}-0-0", f"{day}-1-2"}
    with connect.warehouse(world).session() as session:
        before = ledger.newest(session, [day])[day]
    repair(proof.writable(world), found.wrong)
    repair(proof.writable(world), found.wrong)
    with connect.warehouse(world).session() as session:
        after = ledger.newest(session, [day])[day]
    assert (after.cause, after.totals) == ("repair", before.totals)


def test_what_raw_has_lost_is_reported_and_not_carried_into_the_warehouse(world, day, sold):
    delete_fact_row(world, day)
    add_header(world, day)  # its lines may be lost in raw: then it stays as well
    (key,) = raw_keys(world, day)
    lake = connect.lake(world)
    body = lake.s3.get_object(Bucket=lake.raw.name, Key=key)
    kept = body["Body"].read(), body["Metadata"]
    lake.s3.delete_object(Bucket=lake.raw.name, Key=key)
    found = compared(world, day)
    lost = [each for each in found.wrong if each.state == "lost"]
    assert {each.event_id for each in lost} == {""} | {event["event_id"] for event in sold}
    assert any(key in each.detail for each in lost)
    done = repair(proof.writable(world), found.wrong)
    assert (done.items, list(done.days), list(done.lost)) == (0, [], [day])
    assert load.fact_totals(connect.warehouse(world), day, day)[day].rows == len(sold) - 1
    lake.s3.put_object(Bucket=lake.raw.name, Key=key, Body=kept[0], Metadata=kept[1])
    repair(proof.writable(world), compared(world, day).wrong)
    assert compared(world, day).differences == []


def test_a_damaged_raw_object_is_named_and_the_days_other_stores_stay(world, day, sold):
    (key,) = raw_keys(world, day)
    lake = connect.lake(world)
    lake.s3.put_object(Bucket=lake.raw.name, Key=key, Body=b"cut", Metadata={"sha256": "0"})
    found = compared(world, day)
    assert any(each.kind == "damaged" and key in each.detail for each in found.wrong)
    assert list(repair(proof.writable(world), found.wrong).days) == []


def test_a_repair_names_the_days_that_break_a_rule_and_rebuilds_the_others(world, days):
    right, torn = days(2)
    event = {"InvoiceNo": number_of(right, 0)}
    deliver([on(right, event_id=f"{right}", **event)])
    owners = [on(torn, event_id=f"{torn}{n}", InvoiceNo=number_of(torn, 0)) for n in range(2)]
    deliver([owners[0], owners[1] | {"CustomerID": 99999}])
    found = reconcile(proof.stores(world), right, torn, proof.watermark(world))
    done = repair(proof.writable(world), found.wrong)
    assert (list(done.days), str(torn) in done.refused) == ([right], True)
    assert "every_invoice_has_one_owner" in str(done)
    assert compared(world, right).differences == []
    assert compared(world, torn).differences != []


def test_an_event_on_its_way_alarms_nobody(world, day, sold):
    delivery = stream_of(on(day, event_id=f"{day}-new"), first=100)
    archive.handler(delivery)
    early = replace(world, in_flight_seconds=10**9)
    found = compared(early, day)
    assert found.differences == []
    assert {each.store for each in found.in_flight} == {"DynamoDB", "CSV", "fact"}
    late = compared(world, day)
    assert {each.store for each in late.wrong} == {"DynamoDB", "CSV", "fact"}
    repair(proof.writable(world), late.wrong)
    assert compared(world, day).differences == []


def test_a_report_can_be_read_by_a_script(world, day, sold):
    delete_fact_row(world, day)
    report = json.loads(msgspec.json.encode(compared(world, day).findings))
    assert report[0]["event_id"] == f"{day}-1-2"
    assert report[0]["hop"] == "CSV -> fact"


def test_a_day_is_reconciled_in_the_ui_with_what_differs_as_a_table(world, day, sold, tmp_path):
    delete_fact_row(world, day)
    home = runs.local_instance_home(tmp_path)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        job = definitions.build(world).resolve_job_def(requests.RECONCILE_DAYS)
        done = job.execute_in_process(
            instance=instance, tags=requests.range_tags(DayRange(day, day))
        )
        (check,) = done.get_asset_check_evaluations()
        assert not check.passed
        table = check.metadata["events"]
        assert isinstance(table, dg.TableMetadataValue)
        (record,) = table.records
        assert (record.data["event_id"], record.data["hop"]) == (f"{day}-1-2", "CSV -> fact")
        assert record.data["trace"] == f"ecom trace {day}-1-2 --day {day}"
        with connect.warehouse(world).session() as session:
            now = datetime.now(UTC)
            assert day in ledger.published_since(session, now - timedelta(hours=1))
            assert day not in ledger.published_since(session, now + timedelta(hours=1))
