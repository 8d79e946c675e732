"""One run of all days, in Dagster as in production and on a laptop, against its steps alone."""

import statistics
import time
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from bench import production
from bench.batch import Side
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.lake import partition, range_reads
from ecom_pipeline.lake.engines.process_engine import ProcessEngine
from ecom_pipeline.orchestration import checks, describe
from ecom_pipeline.warehouse import connect, load, marts, migrations, schema, stage
from ecom_pipeline.warehouse.mart_list import MARTS


def seconds(side: Side, span: tuple[date, date], folder: Path, rounds: int) -> dict[str, float]:
    """Return the seconds of one run of a span, on either storage, and of its steps alone."""
    every = [span[0] + timedelta(n) for n in range((span[1] - span[0]).days + 1)]
    took: dict[str, list[float]] = defaultdict(list)
    with production.instance(folder / "dagster-postgres") as instance:
        ways = {
            "steps": lambda: _steps(side, every),
            "production": lambda: replace(side, instance=instance).load([DayRange(*span)]),
            "laptop": lambda: side.load([DayRange(*span)]),
        }
        for _ in range(rounds):
            for name, way in ways.items():
                _forget(side)
                took[name].append(way())
    return {name: statistics.median(these) for name, these in took.items()}


def _steps(side: Side, days: list[date]) -> float:
    """Run what the run's assets and checks run, without Dagster; return the seconds."""
    lake, warehouse = connect.lake(side.settings), connect.warehouse(side.settings)
    catalog = connect.catalog(side.settings)
    began = time.monotonic()
    range_reads.raw_objects(lake, days)
    built = [each.manifest for each in ProcessEngine(side.settings).build(days)]
    partition.head(lake, max(built, key=lambda each: each.day), describe.PREVIEW_ROWS)
    catalog.sync(days)
    schema.drift(catalog, lake, warehouse, days)
    load.publish(warehouse, lake, days)
    with warehouse.session() as session:
        fact = stage.fact_totals(session, days[0], days[-1])
        made = range_reads.committed(lake, days)
        wrong = [day for day in fact if fact[day] != made[day].totals]
        results = checks.of_days(session, days, wrong)
        stage.fact_rows(session)
    if not all(each.passed for each in results if each.check_name == checks.EQUALS_CSV):
        raise AssertionError(results)
    done = marts.refresh(warehouse, MARTS)
    with warehouse.session() as session:
        for mart in MARTS:
            marts.head(session, mart, describe.PREVIEW_ROWS)
            if not done.rows[mart.name] or marts.imbalances(session, mart):
                raise AssertionError(mart.name)
    return time.monotonic() - began


def _forget(side: Side) -> None:
    """Delete what a load made, old versions too: each measurement starts from the same state."""
    lake, warehouse = connect.lake(side.settings), connect.warehouse(side.settings)
    for page in lake.s3.get_paginator("list_object_versions").paginate(Bucket=lake.csv.name):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        gone = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        if gone:
            lake.s3.delete_objects(Bucket=lake.csv.name, Delete={"Objects": gone})
    migrations.migrate(warehouse)
    with warehouse.session() as session:
        for table in (load.FACT, "sales.load_ledger", "marts.builds"):
            session.run(f"truncate {table}")
        session.commit()
