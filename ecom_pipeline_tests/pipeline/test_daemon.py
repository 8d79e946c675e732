"""Dagster as it runs at people's: many triggers at once, processes that are killed."""

import os
import signal
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest
import requests as http
from dagster._core.scheduler.instigation import TickStatus

from ecom_pipeline import dev
from ecom_pipeline.batch import connect, ledger, load, migrations
from ecom_pipeline.batch.ledger import within
from ecom_pipeline.domain import keys
from ecom_pipeline.orchestration import requests, runs
from ecom_pipeline_tests.builders import accepted, on
from ecom_pipeline_tests.conftest import free_port

FACT = "fact_invoice_lines"
LOADED = ["lake/csv_invoice_lines", "catalog/csv_invoice_lines", "warehouse/fact_invoice_lines"]
BACKFILL = """
mutation ($assets: [AssetKeyInput!]!, $days: [String!]!) {
  launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $days}) {
    __typename
  }
}
"""
RUN = """
mutation ($job: String!, $tags: [ExecutionTag!]!) {
  launchRun(executionParams: {
    selector: {
      repositoryLocationName: "ecom_pipeline", repositoryName: "__repository__", jobName: $job
    },
    runConfigData: {}, executionMetadata: {tags: $tags}
  }) { __typename }
}
"""
WAIT_SECONDS = 300


@pytest.fixture
def world(redshift, tmp_path):
    """Return settings with a Dagster instance of its own, and nothing on S3's queue."""
    configured = replace(redshift, home=tmp_path)
    migrations.migrate(connect.warehouse(configured))
    queue = connect.notifications(configured)
    while messages := queue.receive(200):
        queue.delete([message.receipt for message in messages])
    return configured


@contextmanager
def dagster(configured):
    """Run webserver, daemon and code server; kill them all, without a warning, in the end."""
    port = free_port()
    process = dev.start(configured, port)
    try:
        until(lambda: answers(port))
        yield lambda query, **variables: post(port, query, variables)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def post(port, query, variables):
    """Have the UI's server do something, as the UI does."""
    asked = {"query": query, "variables": variables}
    answer = http.post(f"http://127.0.0.1:{port}/graphql", json=asked, timeout=60).json()
    ((_, outcome),) = answer["data"].items()
    assert outcome["__typename"].endswith("Success"), answer


def answers(port):
    try:
        return http.get(f"http://127.0.0.1:{port}/server_info", timeout=5).ok
    except http.ConnectionError:
        return False


@contextmanager
def instance_of(configured):
    home = str(runs.local_instance_home(configured.home))
    with dg.DagsterInstance.from_config(home) as instance:
        yield instance


def until(holds):
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def arrive(configured, day, name):
    key = keys.raw_key(day, "0", name, name)
    connect.lake(configured).write_records(key, [accepted(on(day, event_id=f"{day}-{name}"))])


def ids(configured, days):
    """Return how often each event is in the fact table."""
    rows = connect.warehouse(configured).query(
        f"select event_id from {load.FACT} where {within(days)}"
    )
    return Counter(event_id for (event_id,) in rows)


def expected(days, *names):
    return Counter(f"{day}-{name}" for day in days for name in names)


def all_done(instance):
    going = instance.get_runs(dg.RunsFilter(statuses=[*dg.DagsterRunStatus.__members__.values()]))
    return all(run.is_finished for run in going) and not instance.get_backfills(
        status=dg._core.execution.backfill.BulkActionStatus.REQUESTED
    )


def times_of_steps(instance, step):
    """Return when each run began and ended a step, in order."""
    found = []
    for run in instance.get_runs():
        for stats in instance.get_run_step_stats(run.run_id, [step]):
            found.append((stats.start_time, stats.end_time, run.run_id))
    return sorted(found)


def test_forty_triggers_for_three_days_load_each_day_once_at_a_time(world, day):
    days = [day + timedelta(days=7 * n) for n in range(3)]
    for each in days:
        arrive(world, each, "early")
    names = [each.isoformat() for each in days]
    with instance_of(world) as instance, dagster(world) as ask:
        for each in names * 8:  # what a schedule, a sensor or a person asks for
            ask(RUN, job=requests.LOAD_DAYS, tags=[{"key": requests.PARTITION, "value": each}])
        for number in range(5):
            ask(BACKFILL, assets=[{"path": key.split("/")} for key in LOADED], days=names)
            for each in days:
                arrive(world, each, f"during-{number}")
        until(lambda: all_done(instance))
        for run in instance.get_runs():
            print(run.run_id, run.status, run.tags)
        print(times_of_steps(instance, FACT))
    assert ids(world, days) == expected(days, "early", *(f"during-{n}" for n in range(5)))
