"""`python -m bench.cost_usage [CSV]`: measure the AWS usage of events, for `ecom cost` to price.

The first week of the data set, sent our way with many events a request and with one, and the
original's way, each in a separate process and local AWS; then one load of that week. It takes a
quarter of an hour and writes ecom_pipeline/cost/usage.json. Without a CSV only the guard is
measured, on sample data: a test compares later usage with it, so that more calls are noticed.
"""

import multiprocessing
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from bench import deployed, load_usage, ways
from bench.metered import Metric
from bench.realtime import free_port, plain
from ecom_pipeline import settings
from ecom_pipeline.cost import usage
from ecom_pipeline.cost.usage import TIMED, Load, Recorded, Usage, Way
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local import deploy, processes, stack
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.orchestration.alarms import AGE, NAMESPACE
from ecom_pipeline.replay import dataset
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.settings import Settings

_T = TypeVar("_T")

WEEK = DayRange(date(2010, 12, 1), date(2010, 12, 7))
MANY = 500  # the replay's batch, and the API's limit
_TYPES = {"S", "N", "B", "M", "L", "SS", "NS", "BS", "NULL", "BOOL"}  # DynamoDB's
_COMPRESSED = {"s3_gb_kept", "copy_gb"}
GUARDED = date(2012, 2, 6), date(2012, 2, 8)


@contextmanager
def local() -> Iterator[Settings]:
    """Run a new emulator and warehouse, without a poller."""
    with tempfile.TemporaryDirectory(prefix="cost") as folder:
        configured = replace(
            settings.LOCAL,
            home=Path(folder),
            endpoint_url=f"http://127.0.0.1:{free_port()}",
            redshift_port=free_port(),
        )
        try:
            for service in stack.services(configured)[:2]:
                processes.start(service, configured.home)
            deploy.deploy(configured)
            yield configured
        finally:
            stack.down(configured)


def many(csv: Path) -> tuple[Way, Load, set[Metric]]:
    """Send the week, many events a request, and load it."""
    events = _week(csv)
    with local() as configured:
        way, metrics = ways.ours(configured, events, request=MANY)
        loaded = load_usage.load(configured, *WEEK)
    days = (WEEK[1] - WEEK[0]).days + 1
    return way, Load(events=len(events), days=days, usage=loaded), metrics


def one(csv: Path) -> Way:
    """Send the week, one event a request, and deliver one at a time."""
    with local() as configured:
        way, _ = ways.ours(configured, _week(csv), request=1, store_batch=1)
    return way


def original(csv: Path) -> Way:
    """Send the week the original's way, in which each stock code is the name of an attribute.

    The emulator parses names such as S as types, so those codes get one more character.
    """
    events = [plain(event) for event in _week(csv)]
    for event in events:
        event["StockCode"] += "_" if event["StockCode"] in _TYPES else ""
    with local() as configured:
        return ways.originals(configured, events)


def guard() -> dict[str, Usage]:
    """Return the usage of sample events and of a load of them, as far as it is deterministic.

    Without what depends on time, or on how well a timestamp compresses.
    """
    first, last = GUARDED
    days = (last - first).days + 1
    with local() as configured:
        made_up = configured.home / "guard.csv"
        csv = write_sample(made_up, days=days, rows_per_day=200, start=first).path
        events = [event for _, event in dataset.events(csv, choices=DATA_SET)]
        way, _ = ways.ours(configured, events, request=MANY)
        parts = way.parts | {"load": load_usage.load(configured, first, last)}
    return {
        name: Usage(
            calls=part.calls,
            units={unit: n for unit, n in part.units.items() if unit not in TIMED | _COMPRESSED},
        )
        for name, part in parts.items()
    }


def apart(function: Callable[..., _T], *arguments: object) -> _T:
    """Call a function in a new process: the handlers cache invoices for a process's lifetime."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as pool:
        return pool.submit(function, *arguments).result()


def measure(csv: Path) -> Recorded:
    """Measure all usage."""
    batched, loaded, metrics = apart(many, csv)
    return Recorded(
        recorded=datetime.now(UTC).date(),
        data=f"{csv.name}, {WEEK[0]} to {WEEK[1]}",
        machine=f"{platform.machine()}, {os.cpu_count()} cores",
        ways={"many": batched, "one": apart(one, csv), "original": apart(original, csv)},
        load=loaded,
        standing=deployed.standing(metrics | {(NAMESPACE, AGE)}),
        base_rpus=deployed.base_rpus(),
        shards=deployed.SHARDS,
        windows=deployed.windows(),
        guard=apart(guard),
    )


def _week(csv: Path) -> list[dataset.Event]:
    return [event for _, event in dataset.events(csv, choices=DATA_SET, days=WEEK)]


def main() -> int:
    """Measure and record."""
    if len(sys.argv) > 1:
        usage.write(measure(Path(sys.argv[1])))
    else:
        usage.write(msgspec.structs.replace(usage.recorded(), guard=apart(guard)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
