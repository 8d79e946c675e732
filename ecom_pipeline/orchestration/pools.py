"""Dagster's pools: their names, and which runs are in the way of a run.

A run takes all of its pools from its start to its end (granularity `run` in dagster.yaml), so
that one that has to wait is QUEUED: no process is started for it. The marts have a pool of their
own: a load, queued or running, does not hold them up. They read the fact table in one snapshot.
"""

import time
from collections.abc import Callable, Set
from datetime import UTC, datetime

import dagster as dg

from ecom_pipeline import stages
from ecom_pipeline.orchestration import recovery, requests

LAKE_CSV = "lake_csv"
WAREHOUSE = "warehouse"
MARTS = "marts"
OF_LOADS = frozenset({LAKE_CSV, WAREHOUSE})
OF_MARTS = frozenset({MARTS})

_POLL_SECONDS = 2
_SAY_SECONDS = 30
_MOST = 100  # runs that are looked at
_QUEUED_SECONDS = 5  # less is the daemon's own pace
_RUNNING = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def wait(instance: dg.DagsterInstance, needed: Set[str], say: Callable[[str], None]) -> None:
    """Return when no run has one of the pools; say which runs have, every 30 seconds.

    A run in this process is in no queue. Runs whose process was killed are failed.
    """
    said = -float(_SAY_SECONDS)
    while holders := _holders(instance, needed):
        if time.monotonic() - said >= _SAY_SECONDS:
            said = time.monotonic()
            say(f"waiting for {'; '.join(map(_described, holders))}; stop it in the UI, or wait")
        time.sleep(_POLL_SECONDS)


def log_queue(instance: dg.DagsterInstance, run_id: str) -> None:
    """Log how long a run was queued, and the runs that had its pools meanwhile."""
    own = instance.get_run_record_by_id(run_id)
    if own is None or own.start_time is None:
        return
    created, started = _utc(own.create_timestamp).timestamp(), own.start_time
    if started - created < _QUEUED_SECONDS:
        return
    before = dg.RunsFilter(updated_after=_utc(own.create_timestamp))
    holders = [
        each
        for each in instance.get_run_records(before, limit=_MOST)
        if each.dagster_run.run_id != run_id
        and _overlaps(each, created, started)
        and _pools_of(each.dagster_run) & _pools_of(own.dagster_run)
    ]
    stages.waited("the queue", started - created, list(map(_described, reversed(holders))))


def _holders(instance: dg.DagsterInstance, needed: Set[str]) -> list[dg.RunRecord]:
    recovery.fail_orphaned_runs(instance)
    running = instance.get_run_records(dg.RunsFilter(statuses=_RUNNING))
    return [each for each in running if needed & _pools_of(each.dagster_run)]


def _pools_of(run: dg.DagsterRun) -> Set[str]:
    return (run.run_op_concurrency and run.run_op_concurrency.all_pools) or frozenset()


def _overlaps(record: dg.RunRecord, created: float, started: float) -> bool:
    """Return whether a run worked at some time between two others (seconds since the epoch)."""
    if record.start_time is None or record.start_time > started:
        return False
    return record.end_time is None or record.end_time > created


def _described(record: dg.RunRecord) -> str:
    run = record.dagster_run
    return described(run.run_id, run.job_name, dict(run.tags), record.start_time)


def described(run_id: str, job: str, tags: dict[str, str], start: float | None) -> str:
    """Return a run as text: id, job, days and start (seconds since the epoch), shown in UTC."""
    span = requests.days_of_tags(tags)
    days = f", {' to '.join(map(str, dict.fromkeys(span)))}" if span else ""
    since = f", since {datetime.fromtimestamp(start, UTC):%H:%M:%S} UTC" if start else ""
    return f"run {run_id} ({job}{days}{since})"


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
