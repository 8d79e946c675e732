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

# of a run in a process of ours: host, pid, the run's id, and when the process started
_PROCESS = "ecom/process"
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
# a load logs each of its steps, and the whole history takes minutes
_SILENT_FOR = timedelta(days=1)
_START_TIME = 19  # proc_pid_stat(5) counts it as field 22, and the state as field 3
_ASK_SECONDS = 5


def process_tags(run_id: str) -> dict[str, str]:
    """Return a tag with the host, the process and the id of a run that executes in this process.

    A retry copies the tags of the run that failed: the run's id shows that they are not its own.
    The process's start tells it from a later process with the same id.
    """
    pid = os.getpid()
    return {_PROCESS: f"{socket.gethostname()} {pid} {run_id} {_started(pid)}"}


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
    host, pid, owned, started = _process(run)
    if run.status == dg.DagsterRunStatus.NOT_STARTED and age > _NOT_STARTED_FOR:
        return True  # whatever its process: an id is given again after a restart
    if owned and host == socket.gethostname():
        return not _process_alive(pid) or started not in {"", _started(pid)}
    if run.status == dg.DagsterRunStatus.NOT_STARTED:
        return False
    if run.status == dg.DagsterRunStatus.QUEUED:
        return age > _QUEUED_FOR
    if owned:  # by a process of another container, or from before this host got its name
        return min(age, _silent_for(instance, run.run_id)) > _SILENT_FOR
    return _is_launched_and_gone(instance, run)


def _is_launched_and_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Return whether a run that Dagster started, not this package, is known to have no process."""
    if GRPC_INFO_TAG in run.tags:
        return not _launched_alive(instance, run.run_id, json.loads(run.tags[GRPC_INFO_TAG]))
    pids = _pids(instance, run.run_id)  # `dagster asset materialize` sets no tag
    return bool(pids) and not any(map(_process_alive, pids))


def _process(run: dg.DagsterRun) -> tuple[str, int, bool, str]:
    """Return a run's host and pid, whether they are this run's own, and the process's start."""
    host, pid, run_id, started = (*run.tags.get(_PROCESS, "").split(" "), "", "", "", "")[:4]
    return host, int(pid) if pid.isdecimal() else 0, run_id == run.run_id, started


def _started(pid: int) -> str:
    """Return when a process started, in clock ticks since the boot; empty if it is not known."""
    status = _status(pid)
    return status[_START_TIME] if status else ""


def _silent_for(instance: dg.DagsterInstance, run_id: str) -> timedelta:
    """Return the time since a run's last event."""
    last = instance.get_records_for_run(run_id, limit=1, ascending=False).records
    now = datetime.now(UTC)
    return now - datetime.fromtimestamp(last[0].timestamp, UTC) if last else timedelta.max


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
    return _status(pid)[:1] == ["Z"]


def _status(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on; none if not on Linux, or gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(") ")[2].split()


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
