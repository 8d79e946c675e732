"""The trust mart, for days that are published, compared, and published again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ecom_pipeline.bi import marts as bi
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import partition
from ecom_pipeline.local.drill.wire import Fate, StatementStrike, WarehouseProxy
from ecom_pipeline.reconcile import verdict
from ecom_pipeline.reconcile.compare import Reconciliation
from ecom_pipeline.reconcile.model import Discrepancy, StoreName
from ecom_pipeline.warehouse import connect, load, marts, trust
from ecom_pipeline.warehouse.mart_list import DATA_TRUST, MARTS
from ecom_pipeline_tests.builders import accepted, on

pytestmark = pytest.mark.usefixtures("redshift")


def publish(warehouse, lake, day, number, *, refresh=True):
    """Publish a version of the day with an event more."""
    lake.raw.write_records(
        keys.raw_key(day, "0", number, number), [accepted(on(day, event_id=f"{day}-{number}"))]
    )
    partition.build(lake, day)
    load.publish(warehouse, lake, [day])
    if refresh:
        marts.refresh(warehouse, MARTS)


def compare(warehouse, lake, day, *wrong, during=lambda: None):
    """Compare the day, and find this."""

    def found():
        during()
        return Reconciliation({"raw": {day: Totals()}, "fact": {day: Totals()}}, wrong)

    verdict.recorded(warehouse, lake, day, day, found)


def missing(day):
    return Discrepancy(day=day, store=StoreName.FACT, kind="missing", event_id="1")


def row(warehouse, *names):
    (found,) = bi.read(warehouse, [DATA_TRUST])["data_trust"].records()
    return [found[name] for name in names]


def test_it_has_the_columns_that_people_are_shown(warehouse):
    rows = warehouse.query(
        "select column_name from svv_columns where table_schema = 'sales'"
        " and table_name = 'data_trust' order by ordinal_position"
    )
    assert [name for (name,) in rows] == [column.name for column in DATA_TRUST.columns]


def test_before_anything_was_published_it_claims_nothing(warehouse):
    found = row(warehouse, "as_of", "days_published", "revenue", "reconciled", "quarantine_open")
    assert found == [None, 0, Decimal("0.0000"), "unknown", None]


def test_it_says_what_is_published_and_how_new_that_is(warehouse, lake, day):
    before = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=2)
    publish(warehouse, lake, day, "1")
    publish(warehouse, lake, day, "2", refresh=False)
    published = row(warehouse, "days_published", "rows_published", "revenue", "days_not_in_marts")
    assert published == [1, 2, *warehouse.query(f"select sum(amount) from {load.FACT}")[0], 1]
    as_of, last_event = row(warehouse, "as_of", "last_event")
    assert before <= as_of
    assert last_event.date() == day


def test_a_day_is_trusted_from_when_it_was_compared_until_it_is_published_again(
    warehouse, lake, day
):
    publish(warehouse, lake, day, "1")
    assert row(warehouse, "reconciled", "days_unreconciled") == ["unknown", 1]
    compare(warehouse, lake, day)
    assert row(warehouse, "reconciled", "days_unreconciled") == ["yes", 0]
    publish(warehouse, lake, day, "2")
    assert row(warehouse, "reconciled", "days_unreconciled") == ["unknown", 1]


def test_what_is_published_while_the_stores_are_read_is_not_taken_for_compared(
    warehouse, lake, day
):
    publish(warehouse, lake, day, "1")
    compare(warehouse, lake, day, during=lambda: publish(warehouse, lake, day, "2"))
    assert row(warehouse, "reconciled") == ["unknown"]


def test_a_day_that_differs_is_told_until_it_is_mended(warehouse, lake, day):
    publish(warehouse, lake, day, "1")
    compare(warehouse, lake, day, missing(day))
    assert row(warehouse, "reconciled", "days_differing") == ["no", 1]
    publish(warehouse, lake, day, "2")
    compare(warehouse, lake, day)
    assert row(warehouse, "reconciled", "days_differing") == ["yes", 0]


def test_a_day_that_was_never_published_can_differ_too(warehouse, lake, day):
    compare(warehouse, lake, day, missing(day))
    assert row(warehouse, "reconciled", "days_published", "days_differing") == ["no", 0, 1]


def test_it_counts_what_waits_outside(warehouse, lake, day):
    compare(warehouse, lake, day)
    aside, pending = row(warehouse, "quarantine_open", "days_pending")
    key = keys.quarantine_key(day, "0", "1", "1")
    lake.raw.write_lines(key, [b"{}", b"{}"])
    lake.raw.write_records(keys.raw_key(day, "0", "1", "1"), [accepted(on(day))])
    compare(warehouse, lake, day)
    assert row(warehouse, "quarantine_open", "days_pending") == [aside + 2, pending + 1]
    lake.raw.remove([key])
    publish(warehouse, lake, day, "2")
    compare(warehouse, lake, day)
    assert row(warehouse, "quarantine_open", "days_pending") == [aside, pending]


def test_a_repair_whose_commit_was_not_answered_is_recorded_once(aws, warehouse):
    lost = StatementStrike("commit", Fate.CUT_AFTER, after="insert into sales.repairs")
    with WarehouseProxy(aws.redshift_port, lost) as proxy:
        through = connect.warehouse(replace(aws, redshift_port=proxy.port))
        trust.keep_repair(through, items=4711, rebuilt=1, lost=0)
    assert lost.injected == 1
    assert warehouse.query("select count(*) from sales.repairs where items = 4711") == [(1,)]
