"""The marts: refreshed day by day, they equal those computed from the whole fact table."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ecom_pipeline.domain import keys
from ecom_pipeline.lake import partition
from ecom_pipeline.warehouse import load, marts
from ecom_pipeline.warehouse.mart_list import MARTS, RETURNS
from ecom_pipeline_tests.builders import accepted, on

pytestmark = pytest.mark.usefixtures("redshift")

DAYS = [date(2009, 3, 1) + timedelta(days=n) for n in range(0, 60, 9)]


def arrive(lake, day, name, *events):
    """Put a raw object of a day, and build the day's CSV."""
    records = [accepted(on(day, **event)) for event in events]
    lake.raw.write_records(keys.raw_key(day, "0", name, name), records)
    partition.build(lake, day)


def lose(lake, day):
    """Take a raw object away again: the next version of the day has fewer rows."""
    found = lake.raw.objects_of(day)
    if found:
        lake.s3.delete_object(Bucket=lake.raw.name, Key=found[0].key)
    partition.build(lake, day)


def wrong(warehouse):
    with warehouse.session() as session:
        return [mart.name for mart in MARTS if marts.imbalances(session, mart)]


def contents(warehouse):
    tables = [*(mart.table for mart in MARTS), *(f"marts.{name}" for name in marts._BY_DAY)]
    return {table: sorted(map(repr, warehouse.query(f"select * from {table}"))) for table in tables}


def from_scratch(warehouse):
    with warehouse.session() as session:
        for table in (*marts._OUTDATED, "builds"):
            session.run(f"delete from marts.{table}")
        session.commit()
    marts.refresh(warehouse, MARTS)
    return contents(warehouse)


def some_lines(rng, day, count):
    lines = []
    for n in range(count):
        back = rng.random() < 0.4
        lines.append(
            {
                "event_id": f"{day}-{rng.random()}-{n}",
                "InvoiceNo": f"{'C' if back else ''}{day:%y%m%d}{rng.randrange(3)}",
                "StockCode": rng.choice(["10001", "10002", "10003", "POST"]),
                "Quantity": rng.choice([1, 2, 6]) * (-1 if back else 1),
                "UnitPrice": rng.choice([1, 2.5]),
                "CustomerID": rng.choice(["1", "2", None]),
                "Country": rng.choice(["France", "EIRE"]),
            }
        )
    return lines


@pytest.mark.parametrize("seed", range(3))
def test_refreshed_after_any_loads_they_are_as_if_built_from_scratch(warehouse, lake, seed):
    rng = random.Random(seed)
    marts.refresh(warehouse, MARTS)
    stale = set()
    for step in range(14):
        day = rng.choice(DAYS)
        if rng.random() < 0.3:
            lose(lake, day)
        else:
            arrive(lake, day, f"{seed}{step}", *some_lines(rng, day, rng.randrange(1, 12)))
        stale |= load.publish(warehouse, lake, [day]).keys()
        if rng.random() < 0.6:
            assert set(marts.refresh(warehouse, MARTS).days) == stale
            stale = set()
    marts.refresh(warehouse, MARTS)
    assert wrong(warehouse) == []
    refreshed = contents(warehouse)
    assert from_scratch(warehouse) == refreshed
    assert marts.refresh(warehouse, MARTS).days == []


def test_a_mart_has_the_columns_that_people_are_shown(warehouse):
    rows = warehouse.query(
        "select table_name, column_name from svv_columns where table_schema = 'marts'"
        " order by table_name, ordinal_position"
    )
    there = {mart.name: [c for table, c in rows if table == mart.name] for mart in MARTS}
    assert there == {mart.name: [column.name for column in mart.columns] for mart in MARTS}


def test_a_mart_that_lost_a_row_is_told(warehouse, lake, day):
    arrive(lake, day, "1", {"event_id": "a", "InvoiceNo": "C7", "Quantity": -1})
    load.publish(warehouse, lake, [day])
    marts.refresh(warehouse, MARTS)
    with warehouse.session() as session:
        session.run("delete from marts.returns where invoice_date = %s", [day])
        session.run("delete from marts.product_days where invoice_date = %s", [day])
        session.commit()
    assert wrong(warehouse) == ["products", "returns"]
    from_scratch(warehouse)


@pytest.mark.parametrize(
    ("bought", "back", "expected"),
    [
        ([(6, 2.5)], (6, 2.5), ["whole_line", "high"]),
        ([(6, 2.5)], (2, 2.5), ["part_of_line", "medium"]),
        ([(6, 2.5), (2, 2.5)], (2, 2.5), ["whole_line", "high"]),
        ([(2, 2.5), (3, 2.5)], (5, 2.5), ["several_lines", "low"]),
        ([(6, 2.5)], (6, 2), ["other_price", "low"]),
        ([(2, 2.5)], (3, 2.5), ["too_many", "low"]),
        ([], (1, 2.5), ["no_sale", "none"]),
    ],
)
def test_a_return_is_matched_with_the_sale_it_takes_back(
    warehouse, lake, day, bought, back, expected
):
    invoice = f"{day:%y%m%d}"
    sales = [
        {"event_id": f"s{n}", "InvoiceNo": invoice, "Quantity": pieces, "UnitPrice": price}
        for n, (pieces, price) in enumerate(bought)
    ]
    pieces, price = back
    returned = {"event_id": "r", "InvoiceNo": f"C{invoice}", "Quantity": -pieces}
    events = [*sales, returned | {"UnitPrice": price}]
    arrive(lake, day, "1", *({"CustomerID": invoice, "StockCode": "10001"} | e for e in events))
    load.publish(warehouse, lake, [day])
    marts.refresh(warehouse, MARTS)
    ((*found, amount),) = warehouse.query(
        f"select match, confidence, amount from {RETURNS.table} where invoice_date = %s", [day]
    )
    assert found == expected
    assert amount == -pieces * Decimal(str(price))


def test_two_returns_never_take_back_more_than_was_sold(warehouse, lake, day, invoice):
    sale = {"event_id": "s", "InvoiceNo": invoice, "Quantity": 6}
    back = [{"event_id": f"r{n}", "InvoiceNo": f"C{invoice}", "Quantity": -4} for n in range(2)]
    arrive(
        lake, day, "1", *({"CustomerID": invoice, "StockCode": "10001"} | e for e in [sale, *back])
    )
    load.publish(warehouse, lake, [day])
    marts.refresh(warehouse, MARTS)
    found = warehouse.query(
        f"select event_id, match from {RETURNS.table} where invoice_date = %s order by 1", [day]
    )
    assert found == [("r0", "part_of_line"), ("r1", "several_lines")]
