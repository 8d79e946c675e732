"""Orphaned runs: failed, whatever status they died in, and never in the way of their days."""

import json
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import sqlalchemy
from dagster._core.events import EngineEventData
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._core.storage.tags import GRPC_INFO_TAG

from ecom_pipeline import definitions
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.orchestration import pools, recovery, requests
from ecom_pipeline.orchestration.keys import CATALOG_CSV, CSV_LINES, FACT_LINES, RAW_EVENTS
from ecom_pipeline_tests.conftest import free_port
from ecom_pipeline_tests.waiting import until

STATUS = dg.DagsterRunStatus
WAITING = [STATUS.NOT_STARTED, STATUS.QUEUED]
UNFINISHED = [STATUS.NOT_STARTED, STATUS.STARTING, STATUS.STARTED, STATUS.CANCELING]


@pytest.fixture
def process():
    """Return a process that works until it is killed, as a run's does."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


@pytest.fixture
def dead(process):
    """Return the id of a process that has been killed."""
    process.send_signal(signal.SIGKILL)
    process.wait()
    return process.pid


@pytest.fixture
def create(aws, instance, day):
    """Return what creates a run of the day, in a status, with tags, so many minutes ago."""

    def make(status, tags=None, minutes=0, job=requests.LOAD_DAYS, selection=None):
        job_def = definitions.build(aws).resolve_job_def(job)
        if selection:
            job_def = job_def.get_subset(asset_selection=selection)
        span = requests.range_tags(DayRange(day, day))
        location = RegisteredCodeLocationOrigin("ecom_pipeline")
        repository = RemoteRepositoryOrigin(location, "__repository__")
        run = instance.create_run_for_job(
            job_def,
            tags=span | (tags or {}),
            asset_selection=selection,
            remote_job_origin=RemoteJobOrigin(repository, job),
        )
        storage = instance.run_storage
        assert isinstance(storage, SqlRunStorage)
        created = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=minutes)
        with storage.connect() as connection:
            connection.execute(
                sqlalchemy.text(
                    "update runs set create_timestamp = :at, status = :now where run_id = :id"
                ),
                {"at": created.isoformat(" "), "now": status.value, "id": run.run_id},
            )
        return run

    return make


def owned_by(instance, run, pid, owner=None, started="", host=None):
    """Tag a run as one that a process works on: by default, of this machine."""
    tag = f"{host or socket.gethostname()} {pid} {owner or run.run_id} {started}"
    instance.add_run_tags(run.run_id, {recovery._PROCESS: tag})


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_run_whose_process_was_killed_is_failed_and_its_day_is_free(
    instance, create, dead, status
):
    run = create(status)
    owned_by(instance, run, dead)
    assert requests.waiting_days(instance) == []
    assert recovery.fail_orphaned_runs(instance) == [run.run_id]
    ended = STATUS.CANCELED if status == STATUS.CANCELING else STATUS.FAILURE
    assert instance.get_run_by_id(run.run_id).status == ended


def test_a_killed_process_whose_parent_has_not_noticed_is_dead(instance, create, process):
    """As it stays in a container whose first process reads no exit codes."""
    run = create(STATUS.STARTED)
    owned_by(instance, run, process.pid)
    process.kill()  # and no wait: a zombie
    until(lambda: recovery._is_zombie(process.pid), "the process to end")
    assert recovery.fail_orphaned_runs(instance) == [run.run_id]


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_run_whose_process_works_is_left_alone(instance, create, process, status):
    run = create(status, minutes=5 if status == STATUS.NOT_STARTED else 600)
    owned_by(instance, run, process.pid)
    assert recovery.fail_orphaned_runs(instance) == []


def test_a_run_that_never_started_is_dead_though_its_process_id_is_used_again(
    instance, create, process
):
    run = create(STATUS.NOT_STARTED, minutes=11)
    owned_by(instance, run, process.pid)
    assert recovery.fail_orphaned_runs(instance) == [run.run_id]


def test_a_run_whose_process_id_belongs_to_a_later_process_is_dead(instance, create, process):
    run = create(STATUS.STARTED)
    owned_by(instance, run, process.pid, started="1")
    still = create(STATUS.STARTED)
    owned_by(instance, still, process.pid, started=recovery._started(process.pid))
    assert recovery.fail_orphaned_runs(instance) == [run.run_id]


@pytest.mark.parametrize(("minutes", "is_dead"), [(60 * 23, False), (60 * 25, True)])
def test_a_run_of_another_host_is_dead_when_it_has_been_silent_for_a_day(
    instance, create, process, minutes, is_dead
):
    """The process of another container can't be looked at; a host can get another name."""
    run = create(STATUS.STARTED, minutes=minutes)
    instance.event_log_storage.delete_events(run.run_id)  # the events of its creation are new
    owned_by(instance, run, process.pid, host="before")
    assert bool(recovery.fail_orphaned_runs(instance)) == is_dead
    again = create(STATUS.STARTED, minutes=minutes)
    owned_by(instance, again, process.pid, host="before")
    instance.report_engine_event("a step", again)  # an event of right now
    assert recovery.fail_orphaned_runs(instance) == []


def test_a_load_says_which_run_has_its_pools_and_starts_when_that_has_ended(
    instance, create, process, day
):
    holder = create(STATUS.STARTED)
    owned_by(instance, holder, process.pid)
    create(STATUS.SUCCESS)
    create(STATUS.STARTED, job=requests.REFRESH_MARTS)  # has no pool of a load
    said: list[str] = []
    load = threading.Thread(
        target=pools.wait, args=(instance, pools.OF_LOADS, said.append), daemon=True
    )
    load.start()
    until(lambda: said, "the load to name the run it waits for")
    assert said == [
        f"waiting for run {holder.run_id} (load_days, {day}); stop it in the UI, or wait"
    ]
    process.kill()
    process.wait()  # its pools are free with it
    until(lambda: not load.is_alive(), "the wait to end")
    assert instance.get_run_by_id(holder.run_id).status == STATUS.FAILURE


def test_a_retry_that_copied_the_tags_of_the_run_that_died_is_not_taken_for_dead(
    instance, create, dead
):
    run = create(STATUS.STARTED)
    owned_by(instance, run, dead, owner="another run")
    assert recovery.fail_orphaned_runs(instance) == []


@pytest.mark.parametrize(
    ("status", "minutes", "waits"),
    [
        (STATUS.NOT_STARTED, 1, True),
        (STATUS.NOT_STARTED, 11, False),
        (STATUS.QUEUED, 11, True),
        (STATUS.QUEUED, 60 * 23, True),
        (STATUS.QUEUED, 60 * 25, False),
        (STATUS.STARTED, 0, False),
    ],
)
def test_a_day_waits_for_a_run_that_will_start_and_for_no_other(
    instance, create, day, status, minutes, waits
):
    create(status, minutes=minutes)
    assert requests.waiting_days(instance) == [(day, day)] * waits


@pytest.mark.parametrize(
    ("selection", "waits"),
    [
        ({RAW_EVENTS, CSV_LINES, CATALOG_CSV, FACT_LINES}, True),
        ({CSV_LINES, CATALOG_CSV, FACT_LINES}, True),
        ({FACT_LINES}, False),
        ({CSV_LINES}, False),
    ],
)
def test_a_run_from_the_ui_counts_when_it_takes_the_day_all_the_way(
    instance, create, day, selection, waits
):
    create(STATUS.QUEUED, selection=frozenset(selection))
    assert requests.waiting_days(instance) == [(day, day)] * waits


def test_a_run_without_tags_is_judged_by_the_process_that_it_reported(instance, create, process):
    """As `dagster asset materialize` leaves it."""
    run = create(STATUS.STARTED)
    assert recovery.fail_orphaned_runs(instance) == []  # nothing is known of it
    instance.report_engine_event("Executing", run, EngineEventData.in_process(process.pid))
    assert recovery.fail_orphaned_runs(instance) == []
    process.kill()
    process.wait()
    assert recovery.fail_orphaned_runs(instance) == [run.run_id]


def test_a_run_that_another_host_works_on_is_left_alone(instance, create, dead):
    run = create(STATUS.STARTED)
    instance.add_run_tags(run.run_id, {recovery._PROCESS: f"another-host {dead} {run.run_id}"})
    instance.report_engine_event("Executing", run, EngineEventData.in_process(dead))
    assert recovery.fail_orphaned_runs(instance) == []


def test_a_run_outlives_the_code_server_that_started_it(instance, create, process):
    address = {"host": "localhost", "port": free_port()}
    run = create(STATUS.STARTED, {GRPC_INFO_TAG: json.dumps(address)})
    instance.report_engine_event("Started", run, EngineEventData.in_process(process.pid))
    assert recovery.fail_orphaned_runs(instance) == []
    process.kill()
    process.wait()
    assert recovery.fail_orphaned_runs(instance) == [run.run_id]
