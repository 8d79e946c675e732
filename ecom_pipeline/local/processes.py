"""Background processes with a pid file each: start, find and stop them.

What is started, and in which order, is in stack.py.
"""

import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.local.signals import ENDING, held_back

_POLL = 0.05
_PORT_SECONDS = 3.0
_SAME_START_SECONDS = 2.0  # psutil adds the kernel's boot time, which varies by a second


class LocalError(EcomError):
    """An operation of the local AWS that failed; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A process: its command, its readiness check, and its limits to start and stop, in seconds."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    port: int | None = None
    start_seconds: float = 60
    stop_seconds: float = 120  # the emulator writes 100,000 items in 21.5 s when it stops


def start(service: Service, home: Path) -> bool:
    """Start a service unless it runs, wait until it is ready, return whether it had crashed before.

    It had crashed if its pid file was there without a process: `stop` removes the pid file.

    Raises:
        LocalError: it ended, its port is taken, or it was not ready after `start_seconds`.
    """
    started = had_died = False
    deadline = time.monotonic() + service.start_seconds
    while pid_of(service.name, home) is None or not service.ready():
        if pid_of(service.name, home) is None:
            if started:
                raise LocalError(f"{service.name} stopped: {_last_words(service.name, home)}")
            had_died = left_dead(service.name, home)
            _check_port(service)
            _spawn(service, home)
            started = True
        if time.monotonic() > deadline:
            raise LocalError(
                f"{service.name} was not ready after {service.start_seconds:.0f} s: "
                f"see {_log_file(service.name, home)}"
            )
        time.sleep(_POLL)
    return had_died


def stop(service: Service, home: Path) -> bool:
    """Stop a service and its children, with SIGKILL after `stop_seconds`; return whether it ran."""
    pid = pid_of(service.name, home)
    if pid is None:
        return False
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    process.send_signal(signal.SIGTERM)
    _, alive = psutil.wait_procs(family, timeout=service.stop_seconds)
    for left in alive:
        left.kill()
    psutil.wait_procs(alive, timeout=5)
    _pid_file(service.name, home).unlink(missing_ok=True)
    return True


def pid_of(name: str, home: Path) -> int | None:
    """Return the pid of a running service; a pid file of a recycled pid has another start time."""
    try:
        pid, started = _pid_file(name, home).read_text().split()
        process = psutil.Process(int(pid))
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return None
    same = abs(process.create_time() - float(started)) < _SAME_START_SECONDS
    return process.pid if same and process.status() != psutil.STATUS_ZOMBIE else None


def left_dead(name: str, home: Path) -> bool:
    """Return whether a service crashed: its pid file exists, its process does not."""
    return _pid_file(name, home).exists() and pid_of(name, home) is None


def answers(port: int) -> bool:
    """Return whether a process on this machine accepts connections on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _check_port(service: Service) -> None:
    if service.port and _stays_busy(service.port):
        raise LocalError(
            f"port {service.port} is used by another program: stop it, or choose another "
            f"port for {service.name} (ecom local up --help)"
        )


def _stays_busy(port: int) -> bool:
    """Return whether a port is still taken after 3 s, in which a process may be shutting down."""
    deadline = time.monotonic() + _PORT_SECONDS
    while _busy(port):
        if time.monotonic() > deadline:
            return True
        time.sleep(_POLL)
    return False


def _busy(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _spawn(service: Service, home: Path) -> None:
    pid_file = _pid_file(service.name, home)
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    log = _log_file(service.name, home)
    log.parent.mkdir(parents=True, exist_ok=True)
    writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    with held_back():  # a signal between spawn and pid file would orphan the process
        pid = os.posix_spawn(  # not Popen: it has to outlive the command that starts it
            service.command[0],
            service.command,
            service.environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), writing, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,  # Ctrl-C in the terminal does not reach it
            setsigmask=(),
            setsigdef=ENDING,  # a background shell job ignores SIGINT; a service must not
        )
        started = f"{psutil.Process(pid).create_time():.2f}"
        draft = pid_file.with_suffix(".new")
        draft.write_text(f"{pid} {started}\n")
        os.replace(draft, pid_file)  # noqa: PTH105 - atomic, on purpose


def _last_words(name: str, home: Path) -> str:
    lines = _log_file(name, home).read_text(errors="replace").strip().splitlines()
    return f"{lines[-1] if lines else 'no output'} ({_log_file(name, home)})"


def _pid_file(name: str, home: Path) -> Path:
    return home / "run" / f"{name}.pid"


def _log_file(name: str, home: Path) -> Path:
    return home / "log" / f"{name}.log"
