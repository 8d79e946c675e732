"""Each data quality check fails for its fault, and names it."""

from datetime import date, timedelta

import pytest

from ecom_pipeline.domain import keys
from ecom_pipeline.lake import partition
from ecom_pipeline.warehouse import connect, load, quality
from ecom_pipeline_tests.builders import accepted, on

pytestmark = pytest.mark.usefixtures("redshift")


def publish(aws, warehouse, day, count=2):
    lake = connect.lake(aws)
    records = [accepted(on(day, event_id=f"{day}-{n}")) for n in range(count)]
    lake.raw.write_records(keys.raw_key(day, "0", "1", "1"), records)
    partition.build(lake, day)
    load.publish(warehouse, lake, [day])


@pytest.mark.parametrize(
    ("question", "spoil", "what"),
    [
        (quality.repeated_ids, "event_id = 'same'", "2 x repeated ids, first same"),
        (quality.impossible_values, "amount = amount + 0.01", "impossible values"),
        (quality.impossible_values, "quantity = 0, amount = 0", "impossible values"),
        (quality.impossible_values, "kind = 'cancellation'", "impossible values"),
        (quality.impossible_values, "unit_price = -1, amount = -quantity", "impossible values"),
        (
            quality.impossible_values,
            "invoice_time = dateadd(day, 1, invoice_time)",
            "impossible values",
        ),
    ],
)
def test_a_row_that_was_tampered_with_is_named(aws, warehouse, day, question, spoil, what):
    publish(aws, warehouse, day)
    with warehouse.session() as session:
        assert question(session, [day]) == []
        session.run(f"update sales.fact_invoice_lines set {spoil} where invoice_date = %s", [day])
        (fault,) = question(session, [day])
        session.rollback()
    assert fault.day == day
    assert what in str(fault)


def test_an_invoice_of_two_customers_is_named(aws, warehouse, day):
    publish(aws, warehouse, day)
    with warehouse.session() as session:
        assert quality.torn_invoices(session, [day]) == []
        session.run(
            "update sales.fact_invoice_lines set customer_id = null where event_id = %s",
            [f"{day}-0"],
        )
        (fault,) = quality.torn_invoices(session, [day])
        session.rollback()
    assert "first 536365" in str(fault)


@pytest.mark.parametrize(
    ("weeks", "rows", "unusual"),
    [
        ([10] * 5, 10, False),
        ([10] * 5, 3, False),
        ([10] * 5, 2, True),
        ([10] * 5, 0, True),
        ([10] * 5, 41, True),
        ([0] * 5, 0, False),
        ([0] * 5, 1, True),  # a Saturday with sales
        ([10] * 3, 0, False),  # too few days to compare with
    ],
)
def test_a_day_is_unusual_against_its_own_weekday(warehouse, day, weeks, rows, unusual):
    with warehouse.session() as session:
        for back, count in enumerate([rows, *weeks]):
            past = day - timedelta(weeks=back)
            session.run("delete from sales.load_ledger where invoice_date = %s", [past])
            session.run(
                "insert into sales.load_ledger (invoice_date, version, generation, cause,"
                " row_count, quantity, amount, digest, rows_before, amount_before)"
                f" values (%s, 1, 0, 'first', {count}, 0, 0, 0, 0, 0)",
                [past],
            )
        session.run(
            "delete from sales.load_ledger where invoice_date < %s",
            [day - timedelta(weeks=len(weeks))],
        )
        found = quality.unusual_volumes(session, [day])
        session.rollback()
    assert [fault.day for fault in found] == ([day] if unusual else [])


def test_a_raw_day_that_nobody_loaded_is_named(aws, warehouse, day):
    lake = connect.lake(aws)
    lake.raw.write_records(keys.raw_key(day, "0", "1", "1"), [accepted(on(day))])
    with warehouse.session() as session:
        assert day in quality.not_loaded(lake, session, day + timedelta(days=1))
        assert day not in quality.not_loaded(lake, session, day)  # it has not ended
    partition.build(lake, day)
    load.publish(warehouse, lake, [day])
    with warehouse.session() as session:
        assert day not in quality.not_loaded(lake, session, date(2100, 1, 1))
