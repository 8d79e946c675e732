"""Run a drill: start a system, fill it, inject the faults, compare all stores.

What a fault does is in its module; how a drill is shown is in report.py.
"""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import redshift_connector
from botocore.exceptions import BotoCoreError, ClientError
from dagster import DagsterError

from ecom_pipeline import operations, settings
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.local import stack
from ecom_pipeline.local.drill import functions
from ecom_pipeline.local.drill.registry import DrillError, Fault
from ecom_pipeline.local.drill.system import SystemUnderTest
from ecom_pipeline.local.processes import LocalError
from ecom_pipeline.orchestration.runs import RunFailedError
from ecom_pipeline.realtime.items import StoreError
from ecom_pipeline.replay.sender import SendError
from ecom_pipeline.warehouse import load
from ecom_pipeline.warehouse.session import WarehouseError

DAYS = DayRange(date(2010, 12, 1), date(2010, 12, 14))
_FAILURES = (  # exceptions that count as a failed invariant
    DrillError,
    WarehouseError,
    ManifestError,
    DamagedObjectError,
    LocalError,
    RunFailedError,
    SendError,
    BotoCoreError,
    ClientError,
    StoreError,
    DagsterError,
    redshift_connector.Error,
    OSError,
    subprocess.TimeoutExpired,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one fault; `wrong` is empty if its invariants held."""

    fault: Fault
    happened: str = ""
    wrong: str = ""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a drill: each fault's outcome, and what all stores hold at the end."""

    seed: int
    outcomes: Sequence[Outcome]
    rows: int
    revenue: Decimal
    differences: Sequence[str]
    seconds: float = 0.0

    @property
    def held(self) -> bool:
        return not self.differences and not any(each.wrong for each in self.outcomes)


@contextmanager
def world(seed: int) -> Iterator[SystemUnderTest]:
    """Run a separate local system: free ports, and a home directory that is removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="ecom-drill-"))
    configured = replace(
        settings.LOCAL,
        home=home,
        endpoint_url=f"http://127.0.0.1:{_free_port()}",
        redshift_port=_free_port(),
        in_flight_seconds=0,  # the drill waits for all that it sends: what is missing is lost
    )
    try:
        with functions.environment(configured):
            stack.up(configured)
            made = SystemUnderTest(configured, seed)
            made.prepare()
            yield made
    finally:
        stack.down(configured)
        shutil.rmtree(home, ignore_errors=True)


def in_any_order(faults: Iterable[Fault], seed: int) -> list[Fault]:
    """Return the faults in the order of a seed."""
    ordered = sorted(faults, key=lambda each: each.name)
    Random(seed).shuffle(ordered)  # noqa: S311 - an order, not a secret
    return ordered


def run_fault(system: SystemUnderTest, fault: Fault) -> Outcome:
    """Inject a fault into the system, and check the invariants."""
    started = time.monotonic()
    happened = wrong = ""
    system.begin()
    try:
        happened = fault.inject(system)
        system.check()
    except _FAILURES as error:
        wrong = f"{type(error).__name__}: {error}"
    return Outcome(fault=fault, happened=happened, wrong=wrong, seconds=time.monotonic() - started)


def run_all(
    system: SystemUnderTest,
    faults: Iterable[Fault],
    on_outcome: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Run each fault; one that fails does not stop the others."""
    outcomes: list[Outcome] = []
    for fault in faults:
        outcomes.append(run_fault(system, fault))
        on_outcome(outcomes[-1])
    return outcomes


def verify(system: SystemUnderTest, outcomes: Sequence[Outcome]) -> Result:
    """Compare all stores over all days, and the fact table with the accepted events."""
    total, differences = Totals(), list[str]()
    first, last = min(system.account.days), max(system.account.days)
    try:
        found = operations.compare(system.settings, DayRange(first, last))
        facts = load.fact_totals(system.warehouse, first, last)
        differences += [*map(str, found.differences), *_unlike(facts, system.account.days)]
        total = sum(facts.values(), Totals())
    except _FAILURES as error:
        differences.append(f"the stores can't be compared: {error}")
    return Result(
        seed=system.seed,
        outcomes=outcomes,
        rows=total.rows,
        revenue=total.amount,
        differences=differences,
    )


def _unlike(facts: Mapping[date, Totals], sent: Mapping[date, Totals]) -> Iterator[str]:
    for day in sorted(facts.keys() | sent.keys()):
        held, expected = facts.get(day, Totals()), sent.get(day, Totals())
        if held != expected:
            yield f"{day}: the fact table holds {held}, accepted were {expected}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
