"""Dagster's UI over the local AWS, as a foreground process."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress

import dagster as dg
import psutil

from ecom_pipeline import definitions
from ecom_pipeline.local import stack
from ecom_pipeline.local.processes import LocalError
from ecom_pipeline.local.signals import interruptible
from ecom_pipeline.orchestration import recovery, runs
from ecom_pipeline.settings import (
    Settings,
    aws_environment,
    child_environment,
    environment_of,
)

_NOISE = "ignore:Function `dev_command` is superseded"  # `dg dev`, which needs a dg project
_END_SECONDS = 20


def lineage_link(port: int) -> str:
    """Return the UI's address with every group of the lineage expanded."""
    specs = definitions.defs.resolve_all_asset_specs()
    groups = sorted({spec.group_name for spec in specs if spec.group_name})
    unfolded = "%2C".join(f"global%40global%3A{group}" for group in groups)
    return f"http://127.0.0.1:{port}/asset-groups?expanded={unfolded}"


def serve(settings: Settings, port: int) -> int:
    """Run the local AWS and `dagster dev` until Ctrl-C (0), or until Dagster ends: its exit code.

    Dagster is ended by either signal of `interruptible()`.
    """
    _require_free(port)
    stack.up(settings)
    with interruptible():
        process = start(settings, port)
        try:
            return process.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End Dagster and its children with SIGTERM; SIGKILL after 20 s, or at a second Ctrl-C."""
    with suppress(psutil.NoSuchProcess, KeyboardInterrupt):
        dagster = psutil.Process(process.pid)
        family = [dagster, *dagster.children(recursive=True)]
        process.terminate()  # its servers and runs end themselves
        psutil.wait_procs(family, timeout=_END_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def start(settings: Settings, port: int) -> subprocess.Popen[bytes]:
    """Fail orphaned runs of a killed Dagster, then start `dagster dev` in a separate session."""
    home = runs.local_instance_home(settings.home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        recovery.fail_orphaned_runs(instance)
    environment = child_environment(
        aws_environment(settings) | environment_of(settings) | {"DAGSTER_HOME": str(home)}
    )
    dagster = [sys.executable, "-W", _NOISE, "-m", "dagster"]
    command = [*dagster, "dev", "--port", str(port), "-w", "workspace.yaml"]
    return subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603


def _require_free(port: int) -> None:
    """Raise LocalError if a port is taken: Dagster's daemon would run on without its UI."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise LocalError(f"http://127.0.0.1:{port}: {reason}; set --port") from error
