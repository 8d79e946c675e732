"""The local Redshift as an object: start it as a process, wait for it, stop it.

Belongs here: what tests and launchers in Python need. Does not belong here: what runs inside that
process (redshift/__main__.py).
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import redshift_connector

_HOST = "127.0.0.1"
_READY_SECONDS = 60.0
_STOP_SECONDS = 60.0


class LocalRedshift:
    """A local Redshift on a folder; with port 0 a free port is chosen at the first start."""

    def __init__(self, home: Path, port: int, s3_endpoint: str, region: str = "eu-west-2") -> None:
        self.home = home
        self.port = port
        self._s3_endpoint = s3_endpoint
        self._region = region
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        self.port = self.port or _free_port()
        self.home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "ecom_pipeline.local.redshift"]
        command += ["--home", str(self.home), "--port", str(self.port)]
        command += ["--s3-endpoint", self._s3_endpoint, "--region", self._region]
        with (self.home / "redshift.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, process_group=0)
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop it cleanly; the data stay."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def kill(self) -> None:
        """Kill the proxy as a crash would; the next start goes on with the data."""
        if self._process:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def connect(self, database: str = "dev", **options: Any) -> Any:
        """Return a connection of the real driver."""
        return redshift_connector.connect(
            host=_HOST,
            port=self.port,
            database=database,
            user="awsuser",
            password="local",
            ssl=False,
            **options,
        )

    def _wait_until_ready(self) -> None:
        limit = time.monotonic() + _READY_SECONDS
        while self._process and self._process.poll() is None and time.monotonic() < limit:
            if _answers(self.port):
                return
            time.sleep(0.05)
        self.kill()
        raise TimeoutError(f"the local Redshift did not start; see {self.home / 'redshift.log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_HOST, port)) == 0
