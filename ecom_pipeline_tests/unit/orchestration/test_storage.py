"""The local instance's event log has what Dagster's own has, in fewer transactions."""

import inspect
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import ASSET_EVENTS, BATCH_WRITABLE_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from sqlalchemy import event
from sqlalchemy.engine import Engine

from ecom_pipeline.orchestration.storage import BATCH_SIZE, BatchedSqliteEventLogStorage
from ecom_pipeline_tests.conftest import instance_in

DAYS = dg.DailyPartitionsDefinition("2010-12-01")
pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")
FIRST, LAST = "2010-12-01", "2010-12-31"
NOT_COMPARED = {"create_timestamp", "migration_completed"}  # the time of the insert
READ = {  # digests of the reviewed sources of Dagster 1.13.27
    SqliteEventLogStorage.store_event: "f89aed40602438b9",
    SqlEventLogStorage._get_asset_entry_values: "bb3b9df2c6c371fe",
}


def assets() -> list[Any]:
    """Return assets with and without days; they report of every kind."""
    daily: Any = {"partitions_def": DAYS, "backfill_policy": dg.BackfillPolicy.single_run()}

    @dg.asset(**daily)
    def raw(context: dg.AssetExecutionContext) -> None:
        for day in context.partition_keys:
            context.add_asset_metadata({"objects": 3}, partition_key=day)
        context.log.info("read")

    @dg.asset(deps=["raw"], check_specs=[dg.AssetCheckSpec("complete", asset="lines")], **daily)
    def lines(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        context.log_event(dg.AssetMaterialization("lines", partition=FIRST))
        context.log_event(dg.AssetObservation("elsewhere", metadata={"rows": 7}))
        passed = dg.AssetCheckResult(passed=True)
        return dg.MaterializeResult(data_version=dg.DataVersion("1"), check_results=[passed])

    @dg.asset(deps=["lines"])
    def report() -> None:
        pass

    return [raw, lines, report]


def run(instance: dg.DagsterInstance) -> Sequence[EventLogEntry]:
    """Materialize a month in one run, and return its events."""
    tags = {"dagster/asset_partition_range_start": FIRST, "dagster/asset_partition_range_end": LAST}
    result = dg.materialize(assets(), instance=instance, tags=tags)
    return instance.all_logs(result.run_id)


def batches_of(events: Sequence[EventLogEntry]) -> Iterator[list[EventLogEntry]]:
    """Split a run's events as Dagster does, only with an asset's events beside another's."""
    for writable, group in groupby(events, lambda e: e.dagster_event_type in BATCH_WRITABLE_EVENTS):
        together = list(group)
        yield from [together] if writable else [[each] for each in together]


def content(folder: Path) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the rows of each table of each database in a folder."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(path)) as database:
            database.row_factory = sqlite3.Row
            tables = "select name from sqlite_master where type = 'table'"
            for (table,) in database.execute(tables).fetchall():
                rows = map(dict, database.execute(f"select * from {table} order by rowid"))
                found[path.name, table] = [
                    {name: row[name] for name in row.keys() - NOT_COMPARED} for row in rows
                ]
    return found


@contextmanager
def transactions() -> Iterator[list[object]]:
    """Yield a list that grows by each transaction that SQLAlchemy commits."""
    committed: list[object] = []
    note = committed.append
    event.listen(Engine, "commit", note)
    try:
        yield committed
    finally:
        event.remove(Engine, "commit", note)


def test_a_runs_events_are_stored_as_dagster_stores_them_one_by_one(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    events = run(instance)
    of_assets = [each for each in events if each.dagster_event_type in ASSET_EVENTS]
    theirs = SqliteEventLogStorage(str(tmp_path / "theirs"))
    ours = BatchedSqliteEventLogStorage(str(tmp_path / "ours"))
    for batch in (*batches_of(events), of_assets[::-1]):  # in an order that Dagster does not have
        for each in batch:
            theirs.store_event(each)
        ours.store_event_batch(batch)
    expected = content(tmp_path / "theirs")
    assert content(tmp_path / "ours") == expected
    full = {table for (_, table), rows in expected.items() if rows}
    assert full >= {"event_logs", "asset_keys", "asset_event_tags", "asset_check_executions"}


def test_a_run_of_a_month_takes_few_transactions(
    dagster_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(BATCH_SIZE, raising=False)
    with instance_in(dagster_home, tmp_path / "own") as local, transactions() as committed:
        run(local)
        assert len(committed) < 100  # 328 with a transaction for each event
        assert len(local.get_materialized_partitions(dg.AssetKey("raw"))) == 31


def test_dagster_stores_a_batch_in_sqlite_as_it_was_read() -> None:
    """After an update of Dagster: if SQLite has batches, remove ours; else read, set digests."""
    assert SqliteEventLogStorage.store_event_batch is EventLogStorage.store_event_batch
    for function, digest in READ.items():
        assert sha256(inspect.getsource(function).encode()).hexdigest()[:16] == digest
