"""`python -m bench.batch [CSV]`: the cost of the batch path as history grows, and per run.

Two local AWS side by side, one with a long history and one without; ticks and loads in turn.
Without a CSV, sample data are used. Prints a table and writes docs/benchmarks-batch.md.
"""

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

import dagster as dg
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import sweeping
from bench.history import write_raw
from bench.realtime import free_port
from bench.timed import cpu_seconds
from ecom_pipeline import definitions, settings
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local import stack
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.orchestration import requests, runs
from ecom_pipeline.orchestration.runs import QUIET
from ecom_pipeline.orchestration.sensors import new_raw_objects
from ecom_pipeline.replay import dataset
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect

TARGET = Path(__file__).parents[1] / "docs" / "benchmarks-batch.md"
HISTORY = 100_000  # raw objects
TICKS, LOADS = 15, 7
DAYS = 3_000  # published days
_FIRST = date(2011, 1, 1)
_HEAD = ("", "against", "ours", "ratio", "bar", "")

Row = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class Side:
    """A local AWS, and a Dagster instance for it."""

    settings: Settings
    instance: dg.DagsterInstance

    def put(self, number: int) -> None:
        """Put a small raw object, of one of 300 days."""
        day = _FIRST + timedelta(days=number % 300)
        connect.lake(self.settings).raw.write_records(
            keys.raw_key(day, "bench", str(number), str(number)), []
        )

    def fill(self, count: int) -> None:
        """Put `count` raw objects, and delete their notifications."""
        lake = connect.lake(self.settings)
        names = [
            keys.raw_key(_FIRST + timedelta(days=n % 300), "old", str(n), str(n))
            for n in range(count)
        ]
        with ThreadPoolExecutor(8) as pool:
            put = pool.map(lambda key: lake.raw.write_records(key, []), names)
            for _ in track(put, description="history", total=count):
                pass
        self.forget_notifications()

    def forget_notifications(self) -> None:
        """Empty the queue, so that a tick finds only later objects."""
        sqs = connect.client(self.settings, "sqs")
        queue = sqs.get_queue_url(QueueName=self.settings.raw_queue)["QueueUrl"]
        sqs.purge_queue(QueueUrl=queue)

    def tick(self, number: int) -> float:
        """Return the seconds of a sensor tick that finds one new object.

        Raises:
            AssertionError: the tick requested no run.
        """
        self.put(number)
        sqs = connect.client(self.settings, "sqs")
        queue = sqs.get_queue_url(QueueName=self.settings.raw_queue)["QueueUrl"]
        wanted = "ApproximateNumberOfMessages"
        while sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[wanted])["Attributes"][
            wanted
        ] in {0, "0"}:
            time.sleep(0.01)
        began = time.monotonic()
        context = dg.build_sensor_context(
            instance=self.instance,
            definitions=definitions.build(self.settings),
            resources={
                "raw_notifications": connect.notifications(self.settings),
                "shop": self.settings.shop,
            },
        )
        found = new_raw_objects(context)
        seconds = time.monotonic() - began
        if not isinstance(found, dg.SensorResult) or not found.run_requests:
            raise AssertionError(f"the tick found no new object: {found}")
        connect.notifications(self.settings).delete(_receipts(found))
        return seconds

    def load(self, spans: Sequence[requests.DayRange]) -> float:
        """Return the seconds of a run for each span of days, and of one refresh of the marts."""
        loaded = definitions.build(self.settings)
        began = time.monotonic()
        for span in track(spans, description=f"{len(spans)} runs"):
            self._run(loaded, requests.LOAD_DAYS, requests.range_tags(span))
        self._run(loaded, requests.REFRESH_MARTS, {})
        return time.monotonic() - began

    def _run(self, loaded: dg.Definitions, job: str, tags: dict[str, str]) -> None:
        result = loaded.resolve_job_def(job).execute_in_process(
            instance=self.instance, tags=tags, run_config=QUIET
        )
        if not result.success:
            raise AssertionError(f"{job} failed for {tags}")


def _receipts(found: dg.SensorResult) -> list[str]:
    return json.loads(found.cursor or "[]")


@contextmanager
def side(home: Path) -> Iterator[Side]:
    """Start a local AWS in a directory, and stop it at the end."""
    configured = replace(
        settings.LOCAL,
        home=home,
        endpoint_url=f"http://127.0.0.1:{free_port()}",
        redshift_port=free_port(),
    )
    try:
        stack.up(configured)
        folder = str(runs.local_instance_home(configured.home))
        with dg.DagsterInstance.from_config(folder) as instance:
            yield Side(configured, instance)
    finally:
        stack.down(configured)


def loading() -> Row:
    """Compare loading the definitions with importing Dagster alone."""
    statements = ("import dagster", "import ecom_pipeline.definitions")
    quiet = {"DAGSTER_DISABLE_TELEMETRY": "1"}
    found = [[cpu_seconds(each, quiet) for each in statements] for _ in range(LOADS + 1)][1:]
    alone, ours = (median(column) for column in zip(*found, strict=True))
    return _row("load the definitions, CPU s (import dagster)", alone, ours, at_most=1.5)


def ticking(short: Side, long: Side) -> Row:
    """Compare a sensor's tick over a history of one object and of many."""
    short.fill(1)
    long.fill(HISTORY)
    pairs = [(short.tick(n), long.tick(n)) for n in range(TICKS + 1)][1:]
    one, many = (median(column) * 1000 for column in zip(*pairs, strict=True))
    name = f"a sensor tick with {HISTORY:,} objects of history, ms (with 1)"
    return _row(name, one, many, at_most=1.2)


def sweeps(short: Side, long: Side) -> list[Row]:
    """Compare a morning's sweep over many published days with that over a tenth of them."""
    seconds, sent = sweeping.mornings(short.settings, long.settings, (DAYS // 10, DAYS), LOADS)
    name = f"a morning's sweep with {DAYS:,} days of history, {{}} (with {DAYS // 10})"
    few, many = (each * 1000 for each in seconds)
    return [
        _row(name.format("ms"), few, many, at_most=1.2),
        _row(name.format("requests to S3"), *sent, at_most=1.2),
    ]


def loads(ranged: Side, singly: Side, csv: Path) -> Row:
    """Compare one run for all days with a run for each."""
    events = dataset.events(csv)
    days = sorted(write_raw(connect.lake(ranged.settings), events))
    write_raw(connect.lake(singly.settings), events)
    one = ranged.load([DayRange(days[0], days[-1])])
    many = singly.load([DayRange(day, day) for day in days])
    return _row(f"one run for {len(days)} days, s ({len(days)} runs, in process)", many, one)


def _row(name: str, against: float, ours: float, *, at_most: float | None = None) -> Row:
    ratio = ours / against
    bar = "" if at_most is None else f"at most {at_most}"
    verdict = "" if at_most is None else "met" if ratio <= at_most else "MISSED"
    return name, f"{against:,.2f}", f"{ours:,.2f}", f"{ratio:.3f}", bar, verdict


def _show(rows: Sequence[Row], data: str) -> None:
    table = Table(*_HEAD, title="The batch path")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    cells = [_HEAD, ("---", *["---:"] * (len(_HEAD) - 1)), *rows]
    lines = [
        "# What the batch path costs",
        "",
        "Written by `python -m bench.batch [CSV]`, each pair in turn, in one run.",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, {data}.",
        "",
        *("| " + " | ".join(row) + " |" for row in cells),
        "",
        f"* A tick: median of {TICKS}, each finding one new object; history is in the same bucket.",
        f"* The definitions: median of {LOADS} new processes each, bytecode written.",
        "* Runs are in this process, with one refresh of the marts after the last. A run launched"
        " by the daemon is queued and starts a process, which adds seconds.",
    ]
    TARGET.write_text("\n".join(lines) + "\n")


def main() -> int:
    """Run with all data in directories that are removed at the end."""
    rows = [loading()]
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        home = Path(folder)
        csv = Path(sys.argv[1]) if len(sys.argv) > 1 else home / "sample.csv.gz"
        if len(sys.argv) == 1:
            write_sample(csv, days=14)
        with side(home / "few") as few, side(home / "long") as long:
            rows += sweeps(few, long)
        with side(home / "one") as one, side(home / "many") as many:
            rows += [ticking(one, many), loads(one, many, csv)]
    _show(rows, csv.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
