"""The marts: refreshed day by day, they equal those computed from the whole fact table."""

import random
import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ecom_pipeline.domain import keys
from ecom_pipeline.lake import partition
from ecom_pipeline.warehouse import load, marts, returns
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
        invoice = rng.randrange(3)
        lines.append(
            {
                "event_id": f"{day}-{rng.random()}-{n}",
                "InvoiceNo": f"{'C' if back else ''}{day:%y%m%d}{invoice}",
                "StockCode": rng.choice(["10001", "10002", "10003", "POST"]),
                "Quantity": rng.choice([1, 2, 6]) * (-1 if back else 1),
                "UnitPrice": rng.choice([1, 2.5]),
                "CustomerID": ("1", "2", None)[invoice],
                "Country": ("France", "EIRE", "France")[invoice],
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
    before = contents(warehouse)
    with pytest.raises(marts.ImbalanceError, match=r"products, .*; returns, ") as caught:
        marts.refresh(warehouse, MARTS)
    assert caught.value.wrong.keys() == {"products", "returns"}
    assert contents(warehouse) == before
    from_scratch(warehouse)


def sales_matched(warehouse, lake, day, *events):
    """Load a customer's events of a stock code; return the mart's rows of what was cancelled."""
    number = f"{day:%y%m%d}"
    common = {"CustomerID": number, "StockCode": "10001"}
    invoiced = [
        common
        | {"InvoiceNo": f"{'C' if event['Quantity'] < 0 else ''}{number}{event['event_id'][1:]}"}
        | event
        for event in events
    ]
    arrive(lake, day, "1", *invoiced)
    load.publish(warehouse, lake, [day])
    marts.refresh(warehouse, MARTS)
    assert wrong(warehouse) == []
    return warehouse.query(
        "select event_id, match, confidence, sale_event_id, sale_invoice_no, sale_date, pieces,"
        f" amount from {RETURNS.table} where invoice_date = %s order by 1, 4",
        [day],
    )


def copied_sql(folder):
    """Return a copy of the folder of the marts' SQL, to be edited."""
    return Path(shutil.copytree(str(marts._SQL), folder / "marts"))


def test_a_mart_whose_sql_was_changed_is_computed_again_for_all_days(
    warehouse, lake, days, monkeypatch, tmp_path
):
    days = days(2)
    for each in days:
        arrive(lake, each, "1", {"event_id": f"{each}"})
    load.publish(warehouse, lake, days)
    assert set(days) <= set(marts.refresh(warehouse, MARTS).days)
    assert marts.refresh(warehouse, MARTS).days == []
    edited = copied_sql(tmp_path) / "returns.sql"
    edited.write_text(f"-- a comment changes nothing\n{edited.read_text()}")
    monkeypatch.setattr(marts, "_SQL", edited.parent)
    assert marts.refresh(warehouse, MARTS).days == []
    edited.write_text(edited.read_text().replace("'none'", "'nothing'"))
    with warehouse.session() as session:
        assert marts.outdated_days(session) == len(days)
    assert set(days) <= set(marts.refresh(warehouse, MARTS).days)
    assert marts.refresh(warehouse, MARTS).days == []


def test_a_rebuild_of_all_marts_removes_the_rows_of_days_that_were_never_published(
    warehouse, lake, day
):
    arrive(lake, day, "1", {"event_id": f"{day}"})
    load.publish(warehouse, lake, [day])
    marts.refresh(warehouse, MARTS)
    before = contents(warehouse)
    foreign = day - timedelta(days=400)
    with warehouse.session() as session:
        for table in marts._BY_DAY:
            columns = [
                name
                for (name,) in session.rows(
                    "select column_name from information_schema.columns where table_schema ="
                    f" 'marts' and table_name = '{table}' order by ordinal_position"
                )
            ]
            values = ", ".join(f"'{foreign}'" if c == "invoice_date" else c for c in columns)
            session.run(f"insert into marts.{table} select {values} from marts.{table}")
        session.commit()
    with pytest.raises(marts.ImbalanceError, match=r"delete from marts\.builds"):
        marts.refresh(warehouse, MARTS)
    with warehouse.session() as session:
        session.run("delete from marts.builds")  # the error's own advice
        session.commit()
    marts.refresh(warehouse, MARTS)
    assert contents(warehouse) == before


@pytest.mark.parametrize(
    "column", ["sum(amount)", "sum(case when kind = 'sale' then amount else 0 end)"]
)
def test_a_change_that_makes_a_mart_differ_from_the_fact_table_is_not_committed(
    warehouse, lake, day, monkeypatch, tmp_path, column
):
    arrive(lake, day, "1", {"event_id": f"{day}"})
    load.publish(warehouse, lake, [day])
    marts.refresh(warehouse, MARTS)
    before = contents(warehouse)
    edited = copied_sql(tmp_path) / "country_days.sql"
    doubled = edited.read_text().replace(column, f"{column} * 2", 1)
    assert doubled != edited.read_text()
    edited.write_text(doubled)
    monkeypatch.setattr(marts, "_SQL", edited.parent)
    with pytest.raises(marts.ImbalanceError):
        marts.refresh(warehouse, MARTS)
    assert contents(warehouse) == before


@pytest.mark.parametrize(
    ("bought", "back", "match", "expected"),
    [
        ([(6, 2.5)], (6, 2.5), "whole_line", [("high", "s0", 6)]),
        ([(6, 2.5)], (2, 2.5), "part_of_line", [("medium", "s0", 2)]),
        ([(6, 2.5), (2, 2.5)], (2, 2.5), "whole_line", [("high", "s1", 2)]),
        ([(2, 2.5), (3, 2.5)], (5, 2.5), "several_lines", [("low", "s0", 2), ("low", "s1", 3)]),
        ([(6, 2.5)], (6, 2), "other_price", [("low", "s0", 6)]),
        ([(2, 2.5)], (3, 2.5), "too_many", [("low", "s0", 2), ("none", None, 1)]),
        ([], (1, 2.5), "no_sale", [("none", None, 1)]),
    ],
)
def test_a_return_is_matched_to_its_sales(warehouse, lake, day, bought, back, match, expected):
    sales = [
        {"event_id": f"s{n}", "Quantity": pieces, "UnitPrice": price}
        for n, (pieces, price) in enumerate(bought)
    ]
    pieces, price = back
    cancelled = {"event_id": "r9", "Quantity": -pieces, "UnitPrice": price}
    assert sales_matched(warehouse, lake, day, *sales, cancelled) == [
        (
            "r9",
            match,
            confidence,
            sale,
            sale and f"{day:%y%m%d}{sale[1:]}",
            sale and day,
            pieces,
            -pieces * Decimal(str(price)),
        )
        for confidence, sale, pieces in expected
    ]


def test_no_sale_is_returned_more_than_it_sold(warehouse, lake, day):
    sale = {"event_id": "s0", "Quantity": 6}
    back = [{"event_id": f"r{n}", "Quantity": -4} for n in range(1, 4)]
    others = [
        {"event_id": "s5", "StockCode": "10002", "Quantity": 9},
        {"event_id": "r6", "StockCode": "10002", "Quantity": -9},
        {"event_id": "a7", "InvoiceNo": f"A{day:%y%m%d}", "Quantity": 5},
        {"event_id": "w8", "InvoiceNo": f"{day:%y%m%d}8", "Quantity": -2, "UnitPrice": 0},
    ]
    found = sales_matched(warehouse, lake, day, *back, sale, *others)
    assert [(event, match, sale, pieces) for event, match, _, sale, *_, pieces, _ in found] == [
        ("r1", "part_of_line", "s0", 4),
        ("r2", "too_many", "s0", 2),
        ("r2", "too_many", None, 2),
        ("r3", "no_sale", None, 4),
        ("r6", "whole_line", "s5", 9),
    ]


def test_a_guests_return_is_not_matched(warehouse, lake, day):
    guest = {"CustomerID": None}
    sale = {"event_id": "s0", "Quantity": 6} | guest
    back = {"event_id": "r1", "Quantity": -6, "UnitPrice": 2} | guest
    assert sales_matched(warehouse, lake, day, sale, back) == [
        ("r1", "guest", "none", None, None, None, 6, Decimal(-12))
    ]


def test_a_refresh_keeps_the_rows_of_other_customers(warehouse, lake, days):
    for day in days(2):  # each with a customer of its own
        events = [{"event_id": "s0", "Quantity": 6}, {"event_id": "r1", "Quantity": -6}]
        found = sales_matched(warehouse, lake, day, *events)
        assert [(back, sale) for back, _, _, sale, *_ in found] == [("r1", "s0")]


def test_customers_and_rows_in_batches_give_the_same_rows(warehouse, lake, day, monkeypatch):
    """And of more rows than go into a statement."""
    monkeypatch.setattr(returns, "_CUSTOMERS_AT_ONCE", 2)
    monkeypatch.setattr(returns, "_ROWS_AT_ONCE", 2)
    customers = ["1", "10", "2", "20", "3"]
    events = [
        {"event_id": f"{kind}{customer}", "Quantity": pieces, "CustomerID": customer}
        for customer in customers
        for kind, pieces in (("s", 6), ("r", -6))
    ]
    found = sales_matched(warehouse, lake, day, *events)
    assert [(back, sale) for back, _, _, sale, *_ in found] == sorted(
        (f"r{customer}", f"s{customer}") for customer in customers
    )
