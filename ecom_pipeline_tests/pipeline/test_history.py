"""The whole history through the batch path: one backfill, single days, a late event."""

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import tableauhyperapi as hyper

from bench import production
from bench.history import write_raw
from ecom_pipeline import definitions
from ecom_pipeline.bi import marts as bi
from ecom_pipeline.bi.tableau import extract
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.currency import POUND
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.engines.python_engine import PythonEngine
from ecom_pipeline.lake.manifest import Part
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.orchestration import requests, runs
from ecom_pipeline.realtime import archive
from ecom_pipeline.replay import dataset
from ecom_pipeline.replay.account import account_of
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect, ledger, load, marts
from ecom_pipeline.warehouse.ledger import within
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline.warehouse.session import Warehouse
from ecom_pipeline_tests.builders import REAL, on, stream_of
from ecom_pipeline_tests.pipeline.test_returns_history import FITS
from ecom_pipeline_tests.stores import Servers

SAMPLED_DAYS = 5

Picture = dict[date, tuple[tuple[Part, ...], Totals]]


@pytest.fixture(scope="module")
def aws(servers: Servers) -> Settings:
    """Return stores that this file's tests share: the history is loaded once."""
    return servers.stores()


@pytest.fixture(scope="module")
def redshift(
    aws: Settings, servers: Servers, own_warehouse: Callable[[Settings], Settings]
) -> Iterator[Settings]:
    yield own_warehouse(aws)
    servers.drop_warehouse(aws.redshift_database)


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """Return the real data set, or made-up sales that begin on its first day."""
    if REAL.exists():
        return dataset.events(REAL / "online_retail.csv.gz")
    path = tmp_path_factory.mktemp("data") / "sample.csv.gz"
    write_sample(path, days=40, rows_per_day=300, start=date(2010, 12, 1))
    return dataset.events(path)


@pytest.fixture(scope="module")
def golden(events):
    """Return each day's rows, pieces and revenue: published figures for the real data set."""
    if not REAL.exists():
        return {d: (t.rows, t.quantity, t.amount) for d, t in account_of(events).days.items()}
    with (REAL / "rows_per_day.csv").open() as file:
        return {
            date.fromisoformat(row["day"]): (
                int(row["rows"]),
                int(row["units"]),
                Decimal(row["revenue"]),
            )
            for row in csv.DictReader(file)
        }


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    """Yield Dagster on Postgres, as in production: in three quarters of SQLite's time."""
    with production.instance(tmp_path_factory.mktemp("history") / "dagster") as made:
        yield made


def load_days(redshift, instance, first, last):
    return runs.run_days(definitions.build(redshift), instance, first, last)


def load_alone(redshift, instance, day):
    """Load a day in a run of its own, as the UI does: the marts follow later."""
    job = definitions.build(redshift).resolve_job_def(requests.LOAD_DAYS)
    tags = requests.range_tags(DayRange(day, day))
    assert job.execute_in_process(instance=instance, tags=tags).success


def forget(lake, warehouse, days):
    """Take days out of the CSV and of the warehouse, as if they had never been loaded."""
    for day in days:
        lake.csv.remove([*lake.csv.part_keys(day), keys.manifest_key(day)])
    with warehouse.session() as session:
        for table in (load.FACT, "sales.load_ledger"):
            session.run(f"delete from {table} where {within(days)}")
        session.commit()


def picture(lake, warehouse, days):
    """Return what the lake and the fact table hold of some days."""
    totals = load.fact_totals(warehouse, min(days), max(days))
    return {day: (partition.committed(lake, day).parts, totals[day]) for day in days}


@dataclass(frozen=True)
class History:
    """Lake and warehouse with all days, and what some of them were when they were loaded singly."""

    lake: Lake
    warehouse: Warehouse
    singly: Picture


@pytest.fixture(scope="module")
def loaded(redshift, instance, events, golden):
    """Load some days in a run each, forget them, and load all in one run."""
    lake, warehouse = connect.lake(redshift), connect.warehouse(redshift)
    assert write_raw(lake, events).keys() == golden.keys()
    sampled = sorted(random.Random(4).sample(sorted(golden), SAMPLED_DAYS))
    for day in sampled:
        load_alone(redshift, instance, day)
    singly = picture(lake, warehouse, sampled)
    forget(lake, warehouse, sampled)
    load_days(redshift, instance, min(golden), max(golden))
    return History(lake, warehouse, singly)


def test_the_history_is_loaded_to_the_penny_in_one_run_as_in_one_run_a_day(loaded, golden):
    fact = load.fact_totals(loaded.warehouse, min(golden), max(golden))
    assert {d: (t.rows, t.quantity, t.amount) for d, t in fact.items()} == golden
    assert picture(loaded.lake, loaded.warehouse, sorted(loaded.singly)) == loaded.singly


def test_the_reference_engine_makes_of_the_historys_days_what_was_loaded(redshift, loaded, golden):
    """The load's own engine is the default one; of dirty days, and by Spark: test_engines.py.

    One day in eight, the largest among them: engines build a day from that day alone.
    """
    largest = max(golden, key=lambda day: golden[day][0])
    days = sorted({*sorted(golden)[::8], largest})
    made = {built.manifest.day: built.manifest for built in PythonEngine(redshift).build(days)}
    assert made == {day: partition.committed(loaded.lake, day) for day in days}


def test_the_marts_are_those_of_the_history(loaded, golden):
    """A cent or a customer too many is a fault of the SQL; without the data set, of its sums."""
    warehouse = loaded.warehouse
    days = f"invoice_date between '{min(golden)}' and '{max(golden)}'"
    ((gross, *rest),) = warehouse.query(
        "select sum(gross), sum(returned), sum(adjusted), sum(net), sum(invoices), sum(lines),"
        f" sum(guest_lines) from marts.daily_sales where {days}"
    )
    assert gross + sum(rest[:2]) == rest[2] == sum(amount for _, _, amount in golden.values())
    if REAL.exists():
        published = [
            "10655622.484",
            "-896812.49",
            "-11062.06",
            "9747747.934",
            "25900",
            "541909",
            "135080",
        ]
        assert [gross, *rest] == [Decimal(figure) for figure in published]
        fits = warehouse.query(
            f"select match, count(distinct event_id) from marts.returns where {days} group by 1"
        )
        assert dict(fits) == FITS
    with warehouse.session() as session:
        assert [marts.imbalances(session, mart) for mart in MARTS] == [[] for _ in MARTS]


def test_the_extract_for_tableau_is_that_of_the_history(loaded, golden, tmp_path):
    path, _ = extract.write(bi.read(loaded.warehouse).values(), POUND, tmp_path)
    private = hyper.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    with (
        hyper.HyperProcess(private, parameters={"log_config": ""}) as process,
        hyper.Connection(process.endpoint, path) as connection,
    ):
        rows: Any = connection.execute_list_query(
            "select invoice_date, lines, net from marts.daily_sales"
            f" where invoice_date between date '{min(golden)}' and date '{max(golden)}'"
        )
    found = {day.to_date(): (lines, net) for day, lines, net in rows}
    assert found == {day: (lines, net) for day, (lines, _, net) in golden.items()}


@pytest.mark.usefixtures("functions")
def test_a_late_event_rebuilds_its_day_only(redshift, instance, loaded, golden):
    """The day after the history's last, so that the other tests' days stay as they are."""
    warehouse = loaded.warehouse
    day = max(golden) + timedelta(days=1)
    archive.handler(stream_of(on(day, event_id="on time"), first=10**9))
    load_alone(redshift, instance, day)
    before = versions(warehouse, [*golden, day])
    archive.handler(stream_of(on(day, event_id="late", Quantity=1, UnitPrice=0.5), first=10**9 + 1))
    load_days(redshift, instance, day, day)
    after = versions(warehouse, [*golden, day])
    assert [each for each in after if after[each] != before[each]] == [day]
    entry, past = after[day], before[day]
    assert (entry.version, entry.cause, entry.rows_before) == (2, "late", past.totals.rows)
    assert entry.totals.amount - entry.amount_before == Decimal("0.5")
    ((net,),) = warehouse.query("select net from marts.daily_sales where invoice_date = %s", [day])
    assert net == entry.totals.amount


def versions(warehouse: Warehouse, days: list[date]) -> dict[date, ledger.Entry]:
    with warehouse.session() as session:
        return ledger.newest(session, days)
