"""Orphaned runs: unfinished in the instance, though no process executes them any more.

On AWS, Dagster's run monitoring checks the ECS task. The local launcher has no such health check
(Dagster 1.13), so a killed run would stay STARTED and occupy its pool's slot; one that is
NOT_STARTED or QUEUED would keep sensor and sweep from requesting its days (requests.waiting_days).
"""

import json
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

_PROCESS = "ecom/process"  # of a run in a process of ours: host, pid and the run's id
_UNFINISHED = dg.RunsFilter(
    statuses=[
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ]
)
# a run is created and submitted or started within seconds
_NOT_STARTED_FOR = timedelta(minutes=10)
# the daemon starts, or fails, what is in its queue; a day that is asked for twice loads once
_QUEUED_FOR = timedelta(days=1)
_ASK_SECONDS = 5


def process_tags(run_id: str) -> dict[str, str]:
    """Return a tag with the host, the process and the id of a run that executes in this process.

    A retry copies the tags of the run that failed: the run's id shows that they are not its own.
    """
    return {_PROCESS: f"{socket.gethostname()} {os.getpid()} {run_id}"}


def fail_orphaned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs without a live process as failed, free their pool slots, and return their ids.

    A load is idempotent: the daemon retries such a run, and the sweep loads unfinished days.
    """
    orphans = [
        each for each in instance.get_run_records(_UNFINISHED) if is_orphaned(instance, each)
    ]
    for run in (each.dagster_run for each in orphans):
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, "its process was killed")
        else:
            instance.report_run_failed(run, "its process was killed")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [each.dagster_run.run_id for each in orphans]


def is_orphaned(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    """Return whether no process will continue an unfinished run."""
    run, age = record.dagster_run, datetime.now(UTC) - _utc(record.create_timestamp)
    host, pid, owned = _process(run)
    if run.status == dg.DagsterRunStatus.NOT_STARTED and age > _NOT_STARTED_FOR:
        return True  # whatever its process: an id is given again after a restart
    if owned and host == socket.gethostname():
        return not _process_alive(pid)
    if run.status == dg.DagsterRunStatus.NOT_STARTED:
        return False
    if run.status == dg.DagsterRunStatus.QUEUED:
        return age > _QUEUED_FOR
    if GRPC_INFO_TAG in run.tags:
        return not _launched_alive(instance, run.run_id, json.loads(run.tags[GRPC_INFO_TAG]))
    # `dagster asset materialize` sets no tag; the process of another host is unknown here
    pids = set[int]() if owned else _pids(instance, run.run_id)
    return bool(pids) and not any(map(_process_alive, pids))


def _process(run: dg.DagsterRun) -> tuple[str, int, bool]:
    """Return the host and pid that a run was started in, and whether they are this run's own."""
    host, _, rest = run.tags.get(_PROCESS, "").partition(" ")
    pid, _, run_id = rest.partition(" ")
    return host, int(pid or 0), run_id == run.run_id


def _process_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Return whether a process has ended, and its parent has not read its exit code.

    In a container whose first process reads none, a killed run's process stays so.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # not Linux, or gone by now
        return False
    return status.rpartition(") ")[2].startswith("Z")


def _launched_alive(instance: dg.DagsterInstance, run_id: str, address: dict[str, Any]) -> bool:
    """Return whether the code server that started a run, or the run's own process, still works.

    The process outlives a killed server: 33 s and to its success were seen (Dagster 1.13.27).
    """
    try:
        answer = DagsterGrpcClient(**address).can_cancel_execution(
            CanCancelExecutionRequest(run_id=run_id), timeout=_ASK_SECONDS
        )
    except DagsterUserCodeUnreachableError:
        return any(map(_process_alive, _pids(instance, run_id)))
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel


def _pids(instance: dg.DagsterInstance, run_id: str) -> set[int]:
    """Return the processes that a run reported on its start: on this machine, as its server was."""
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    texts = (
        each.get_dagster_event().engine_event_data.metadata.get("pid")
        for each in events
        if each.is_dagster_event
    )
    return {int(str(text.value)) for text in texts if text is not None}


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
