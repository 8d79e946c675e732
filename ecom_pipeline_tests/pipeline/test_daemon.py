"""Dagster in normal operation: many triggers at once, processes that are killed."""

import signal
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import dagster as dg
import msgspec
import pytest
import requests as http
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from dagster._core.scheduler.instigation import InstigatorType, TickStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from ecom_pipeline import operations
from ecom_pipeline.domain import keys
from ecom_pipeline.local import dev
from ecom_pipeline.orchestration import recovery, requests, runs
from ecom_pipeline.orchestration.remote_run import RemoteRun
from ecom_pipeline.orchestration.schedules import daily_sweep
from ecom_pipeline.orchestration.watch import Watched
from ecom_pipeline.warehouse import connect, fence, ledger, load
from ecom_pipeline.warehouse.ledger import within
from ecom_pipeline_tests import children
from ecom_pipeline_tests.builders import accepted, on
from ecom_pipeline_tests.conftest import free_port
from ecom_pipeline_tests.waiting import until

# A user, a backfill, the sensor and the sweep request the same two days, several times. Requests of
# sensor and sweep add no run while one is queued. Larger numbers gave the same: forty triggers, and
# 24 runs of a day beside 5 backfills (2026-11-23).
DAYS, RUNS_A_DAY, BACKFILLS, SWEEPS = 2, 1, 1, 4
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
    """Return settings with a Dagster instance of its own.

    What a killed tick had received comes back after five seconds, not after five minutes.
    """
    queue = connect.notifications(redshift)
    queue.sqs.set_queue_attributes(QueueUrl=queue._url(), Attributes={"VisibilityTimeout": "5"})
    return replace(redshift, home=tmp_path)


@contextmanager
def dagster(configured):
    """Run webserver, daemon and code server; kill them all, without a warning, in the end.

    Yields what asks the UI's server, and its address.
    """
    port = free_port()
    process = dev.start(configured, port)
    try:
        until(lambda: answers(port), "Dagster's UI", WAIT_SECONDS)
        ask = partial(post, port)
        yield ask, f"http://127.0.0.1:{port}"
    finally:
        children.end(process, signal.SIGKILL)


def post(port, query, **variables):
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


def arrive(configured, day, name):
    key = keys.raw_key(day, "0", name, name)
    connect.lake(configured).raw.write_records(key, [accepted(on(day, event_id=f"{day}-{name}"))])


def ids(configured, days):
    """Return how often each event is in the fact table."""
    rows = connect.warehouse(configured).query(
        f"select event_id from {load.FACT} where {within(days)}"
    )
    return Counter(event_id for (event_id,) in rows)


def at_rest(instance):
    """Return whether nothing runs, waits, or is still to be asked for by a backfill."""
    going = instance.get_runs(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES)), limit=1)
    asking = instance.get_backfills(
        filters=BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED])
    )
    return not going and not asking


def finally_(instance, what, holds):
    """Wait until something holds and nothing is left to be done."""
    until(lambda: holds() and at_rest(instance), what, WAIT_SECONDS, every=0.2)


def times_of(instance, step, day=None):
    """Return when each run began and ended a step, in order."""
    with_day = dg.RunsFilter(tags={requests.PARTITION: str(day)} if day else {})
    return sorted(
        (stats.start_time, stats.end_time)
        for run in instance.get_runs(with_day)
        for stats in instance.get_run_step_stats(run.run_id, [step])
    )


def one_at_a_time(times):
    return all(ended <= began for (_, ended), (began, _) in pairwise(times))


def fact_is(configured, days, *names):
    return ids(configured, days) == Counter(f"{day}-{name}" for day in days for name in names)


def marts_are(configured, days, lines):
    found = connect.warehouse(configured).query(
        f"select invoice_date, lines from marts.daily_sales where {within(days)} order by 1"
    )
    return found == [(day, lines) for day in days]


def sweep(configured, instance, ask, days):
    """Do what the daemon does with the sweep's requests, for the days of this test."""
    resources = {"lake": connect.lake(configured), "warehouse": connect.warehouse(configured)}
    resources |= {"shop": configured.shop}
    context = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=datetime.now(UTC)
    )
    found = daily_sweep(context, **resources)
    for request in found if isinstance(found, list) else ():
        if request.partition_key in set(map(str, days)):
            tags = [{"key": requests.PARTITION, "value": request.partition_key}]
            ask(RUN, job=requests.LOAD_DAYS, tags=tags)


def test_of_many_triggers_each_day_is_loaded_one_at_a_time_and_the_marts_follow(world, days):
    days = days(7 * DAYS)[::7]
    names = [each.isoformat() for each in days]
    late = [f"late-{n}" for n in range(BACKFILLS)]
    for each in days:
        arrive(world, each, "early")
    with instance_of(world) as instance, dagster(world) as (ask, ui):
        for each in names * RUNS_A_DAY:  # as a schedule or a user requests a day
            ask(RUN, job=requests.LOAD_DAYS, tags=[{"key": requests.PARTITION, "value": each}])
        for name in late:  # the sensor requests each of these, too
            ask(BACKFILL, assets=[{"path": key.split("/")} for key in LOADED], days=names)
            for each in days:
                arrive(world, each, name)
        for _ in range(SWEEPS):
            sweep(world, instance, ask, days)
        finally_(instance, "all late events", lambda: fact_is(world, days, "early", *late))
        finally_(instance, "the marts to follow", lambda: marts_are(world, days, 1 + BACKFILLS))

        asked = [requests.days_of_tags(dict(run.tags)) for run in instance.get_runs()]
        runs_of_days = len(asked) - asked.count(None)  # None: of the marts
        assert runs_of_days >= DAYS * (RUNS_A_DAY + BACKFILLS)
        assert instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])) == 0
        loads = times_of(instance, "fact_invoice_lines")
        assert len(loads) == runs_of_days
        assert one_at_a_time(loads)
        assert all(one_at_a_time(times_of(instance, "csv_invoice_lines", each)) for each in days)
        assert len(times_of(instance, "marts")) < len(loads)
        the_command_loads_in_this_dagster(replace(world, dagster_url=ui), instance, days[0])
        the_watch_remembers(instance)
    with connect.warehouse(world).session() as session:
        entries = ledger.newest(session, days)
    assert [(each.totals.rows, each.version <= 1 + BACKFILLS) for each in entries.values()] == [
        (1 + BACKFILLS, True)
    ] * len(days)


def the_command_loads_in_this_dagster(configured, instance, day):
    """`ecom load` with ECOM_DAGSTER_URL: the daemon's run, not one of the command's process."""
    said = []
    run_id = operations.load_days(configured, day, day, say=said.append)
    run = instance.get_run_by_id(run_id)
    assert requests.days_of_tags(dict(run.tags)) == (day, day)
    assert not recovery.process_tags(run_id).keys() & run.tags.keys()
    assert run.status == dg.DagsterRunStatus.SUCCESS
    load, marts = said
    assert load == f"submitted: {configured.dagster_url}/runs/{run_id}"
    marts_run = instance.get_run_by_id(marts.rpartition("/")[2])
    assert marts_run.job_name == requests.REFRESH_MARTS
    assert marts_run.status == dg.DagsterRunStatus.SUCCESS


def launched(ask, instance, job, day=None):
    """Launch a run as the UI does, and return its id."""
    before = set(instance.get_run_ids())
    tags = [{"key": requests.PARTITION, "value": str(day)}] if day else []
    ask(RUN, job=job, tags=tags)
    (run_id,) = set(instance.get_run_ids()) - before
    return run_id


def test_a_load_that_waits_for_another_is_queued_and_holds_up_no_refresh_of_the_marts(world, days):
    """A started run is a billed task on AWS; a queued one is a row in Dagster's storage."""
    first, second = days(15)[::14]
    status = dg.DagsterRunStatus
    with instance_of(world) as instance, dagster(world) as (ask, ui):
        with connect.warehouse(world).session() as session:
            session.run(f"lock {fence.LOCK}")  # the first load stops where it would publish
            one = launched(ask, instance, requests.LOAD_DAYS, first)
            until(
                lambda: any("held by session" in text for text in said_by(instance, one)),
                "the first load to say who holds the lock",
                WAIT_SECONDS,
            )
            two = launched(ask, instance, requests.LOAD_DAYS, second)
            marts = launched(ask, instance, requests.REFRESH_MARTS)
            until(
                lambda: status_of(instance, marts) == status.SUCCESS,
                "the marts, launched after the load that waits",
                WAIT_SECONDS,
            )
            assert status_of(instance, one) == status.STARTED
            assert status_of(instance, two) == status.QUEUED
            held = list[str]()
            RemoteRun(ui, two).say_holders(held.append)  # as `ecom load` says it
            assert held[0].startswith(f"queued behind run {one} (load_days, {first}, since ")
        finally_(instance, "both loads", lambda: len(loaded(world, [first, second])) == 2)
    (wait,) = (text for text in said_by(instance, two) if "for the queue" in text)
    assert f"; held by run {one} (load_days, {first}, since " in wait


def status_of(instance, run_id):
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def said_by(instance, run_id):
    return [each.user_message for each in instance.all_logs(run_id)]


def loaded(configured, days):
    with connect.warehouse(configured).session() as session:
        return ledger.newest(session, days)


def the_watch_remembers(instance):
    """The sensor `watch` was evaluated, and its cursor is kept although it requests no run."""
    assert ticks_of(instance, "watch", TickStatus.FAILURE) == []
    (state,) = (
        each
        for each in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        if each.instigator_name == "watch"
    )
    assert msgspec.json.decode(state.instigator_data.cursor, type=Watched).began > 0


def ticks_of(instance, sensor, status):
    return [
        tick
        for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        if state.instigator_name == sensor
        for tick in instance.get_ticks(
            state.instigator_origin_id, state.selector_id, statuses=[status]
        )
    ]


def test_killed_in_a_tick_and_in_a_run_it_ends_with_the_right_table(world, days):
    """Every process of Dagster's dies at once; nothing is told by hand at the next start."""
    days = days(12)
    for each in days:
        arrive(world, each, "1")
    running = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    with instance_of(world) as instance:
        with connect.warehouse(world).session() as session:
            session.run(f"lock {fence.LOCK}")  # so that a run blocks where it would publish
            with dagster(world):
                started = ("new_raw_objects", TickStatus.STARTED)
                until(lambda: ticks_of(instance, *started), "a tick of the sensor", WAIT_SECONDS)
            assert ticks_of(instance, *started)
            assert fact_is(world, days)
            with dagster(world):
                # of a run that goes on: a retry of the one that was killed has its CSV already
                steps = ["csv_invoice_lines", "fact_invoice_lines"]
                until(
                    lambda: any(
                        instance.get_run_step_stats(run.run_id, steps)
                        for run in instance.get_runs(running)
                    ),
                    "a step of a run",
                    WAIT_SECONDS,
                )
            assert instance.get_runs_count(running) == 1
            assert fact_is(world, days)
        with dagster(world):
            finally_(instance, "all events", lambda: fact_is(world, days, "1"))
            finally_(instance, "the marts to follow", lambda: marts_are(world, days, 1))
