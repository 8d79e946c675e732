"""Recovery of local runs whose process was killed.

On AWS, Dagster's run monitoring checks the ECS task. The local launcher has no such health check
(Dagster 1.13), so a killed run would stay STARTED and occupy its pool's slot permanently.
"""

import json
import os
import socket
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

_PROCESS = "ecom/process"  # tag of a run in one of our processes: host and pid
_GOING = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
_ASK_SECONDS = 5


def process_tags() -> dict[str, str]:
    """Return tags with this host and process id, to check later whether a run is alive."""
    return {_PROCESS: f"{socket.gethostname()} {os.getpid()}"}


def fail_orphaned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs without a live process as failed, free their pool slots, and return their ids.

    A load is idempotent: the daemon retries such a run, and the sweep loads unfinished days.
    """
    dead = [run for run in instance.get_runs(_GOING) if _is_orphaned(run)]
    for run in dead:
        instance.report_run_failed(run, "its process was killed")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in dead]


def _is_orphaned(run: dg.DagsterRun) -> bool:
    if _PROCESS in run.tags:
        host, _, pid = run.tags[_PROCESS].partition(" ")
        return host == socket.gethostname() and not _process_alive(int(pid))
    if GRPC_INFO_TAG in run.tags:
        return not _server_has(run.run_id, json.loads(run.tags[GRPC_INFO_TAG]))
    return False


def _process_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _server_has(run_id: str, address: dict[str, Any]) -> bool:
    """Return whether the code server that launched a run is still executing it."""
    try:
        answer = DagsterGrpcClient(**address).can_cancel_execution(
            CanCancelExecutionRequest(run_id=run_id), timeout=_ASK_SECONDS
        )
    except DagsterUserCodeUnreachableError:
        return False
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel
