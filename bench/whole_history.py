"""`python -m bench.whole_history CSV BEFORE [PORT]`: the whole history in a local AWS, in turn.

BEFORE is a checkout of another commit with its environment in .venv (755f5e9). In each checkout,
one after the other: the file is replayed through the API until both stores have it, all days are
loaded, one day and all days are reconciled, by the checkout's own `ecom`. Prints a table and writes
docs/benchmarks-history.md.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console

from bench.outcome import Figure, rows, show
from ecom_pipeline.settings import child_environment

HERE = Path(__file__).parents[1]
TARGET = HERE / "docs" / "benchmarks-history.md"
DAYS, ONE_DAY = "2010-12-01:2011-12-09", "2011-03-03"
_POLL_SECONDS, _QUIET_SECONDS = 1.0, 15.0
_PORT = 5066


@dataclass(frozen=True)
class Local:
    """A checkout's local AWS: its `ecom`, its home and its ports."""

    checkout: Path
    home: Path
    port: int

    def ecom(self, *arguments: str) -> str:
        """Run `ecom` and return its output.

        Raises:
            AssertionError: its exit code is not 0 or, of `status`, 1: nothing is loaded.
        """
        command = [str(self.checkout / ".venv" / "bin" / "ecom"), *arguments]
        done = subprocess.run(  # noqa: S603
            command,
            env=self._environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode > (arguments[0] == "status"):
            raise AssertionError(f"ecom {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def seconds(self, *arguments: str) -> float:
        """Return the seconds that an `ecom` command takes, its start included."""
        began = time.monotonic()
        self.ecom(*arguments)
        return time.monotonic() - began

    def memory(self) -> float:
        """Return the resident memory of the emulator, in MB."""
        found = (
            process.info["memory_info"].rss
            for process in psutil.process_iter(["cmdline", "environ", "memory_info"])
            if str(self.home) in str(process.info["environ"])
            and re.search("emulator|ministack", " ".join(process.info["cmdline"] or ()))
        )
        return max(found, default=0) / 1e6

    @property
    def _environment(self) -> dict[str, str]:
        return child_environment(
            {
                "ECOM_HOME": str(self.home),
                "ECOM_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
                "ECOM_REDSHIFT_PORT": str(self.port + 1),
                "ECOM_PAGE_PORT": str(self.port + 2),
                "ECOM_FIRST_DAY": DAYS.split(":", maxsplit=1)[0],
                "PATH": f"{self.checkout / '.venv' / 'bin'}:{os.environ['PATH']}",
            }
        )


@contextmanager
def started(checkout: Path, port: int) -> Iterator[Local]:
    """Start a local AWS in a new directory, and stop it in the end."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        local = Local(checkout, Path(folder), port)
        try:
            local.ecom("local", "up")
            yield local
        finally:
            local.ecom("local", "down")


def measured(local: Local, csv: Path) -> dict[str, float]:
    """Return the seconds of each step, and the emulator's memory at the end in MB."""
    took: dict[str, float] = {}
    began = time.monotonic()
    local.ecom("replay", str(csv))
    took["replay"] = _stored(local) - began
    took["load"] = local.seconds("load", DAYS)
    took["one day"] = local.seconds("reconcile", ONE_DAY)
    took["all days"] = local.seconds("reconcile", DAYS)
    took["memory"] = local.memory()
    return took


def _stored(local: Local) -> float:
    """Return when the last event was stored: the table's items and the lag do not change after."""
    last, since = "", time.monotonic()
    while time.monotonic() - since < _QUIET_SECONDS:
        status = json.loads(local.ecom("status", "--json"))
        facts = {each["name"]: each["facts"] for each in status}
        now = f"{facts['DynamoDB']['items']} {facts['stream']}"
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(_POLL_SECONDS)
    return since


def figures(before: dict[str, float], now: dict[str, float]) -> list[Figure]:
    """Return what was measured as pairs, with the bars of both."""
    return [
        Figure("replay until both stores have it, s", before["replay"], now["replay"], at_least=2),
        Figure("load of all days, s", before["load"], now["load"], at_least=3),
        Figure("reconcile of one day, s", before["one day"], now["one day"], at_least=60),
        Figure("reconcile of all days, s", before["all days"], now["all days"], at_least=15),
        Figure("the emulator's memory, MB", before["memory"], now["memory"]),
    ]


def main(arguments: Sequence[str]) -> None:
    """Measure both checkouts, and write the document."""
    csv, before, *more = arguments
    port = int(more[0]) if more else _PORT
    took: list[dict[str, float]] = []
    for checkout in (HERE, Path(before).resolve()):
        with started(checkout, port) as local:
            took.append(measured(local, Path(csv).resolve()))
        Console().print(checkout.name, took[-1])
    found = figures(took[1], took[0])
    show(found)
    TARGET.write_text(_document(found, Path(csv).name))


def _document(found: Sequence[Figure], data: str) -> str:
    lines = [
        "# The whole history in a local AWS",
        "",
        "Written by `python -m bench.whole_history CSV BEFORE`: the same commands in two checkouts,"
        f" this one and commit 755f5e9, in one run. {datetime.now(UTC):%Y-%m-%d},"
        f" {platform.machine()}, {os.cpu_count()} cores, {data}.",
        "",
        *rows(found),
        "",
        "* Each command is timed as typed, its start included. A load is a run of Dagster on"
        " SQLite.",
        "* After the replay the emulator holds all events in the stream, the table and the lake.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
