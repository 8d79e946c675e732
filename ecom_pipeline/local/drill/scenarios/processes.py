"""Faults of processes: kill -9 of services and of loads, a full disk, data larger than memory.

Real processes are killed, by their pid; a service is restarted as `ecom local up` restarts it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import psutil

from ecom_pipeline import operations
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.lake import partition
from ecom_pipeline.local import processes, stack
from ecom_pipeline.local.drill.delivery import encoded
from ecom_pipeline.local.drill.http_proxy import Call, Forward, Proxy, Reply
from ecom_pipeline.local.drill.injection import Injection
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.system import SystemUnderTest
from ecom_pipeline.local.drill.wire import Fate, StatementStrike, WarehouseProxy
from ecom_pipeline.settings import child_environment, environment_of

GROUP = "processes"

_WAIT = 60
_LINES_AN_EVENT, _EVENTS = 100, 200
_DISK = 16_384  # bytes, the maximal size of a file: below that of Dagster's databases
_LOAD = """
import sys
from datetime import date
from ecom_pipeline import settings
from ecom_pipeline.lake import partition
from ecom_pipeline.warehouse import connect, load
day, configured = date.fromisoformat(sys.argv[1]), settings.load()
lake = connect.lake(configured)
partition.build(lake, day)
load.publish(connect.warehouse(configured), lake, [day])
"""
_MEASURED = """
import resource, sys
from datetime import date
from ecom_pipeline import settings
from ecom_pipeline.lake import connect, partition
lake = connect.lake(settings.load())
lake.raw.days()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
partition.build(lake, date.fromisoformat(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
_ON_A_FULL_DISK = """
import resource, signal, sys
sys.dont_write_bytecode = True  # Python takes a cut .pyc for a whole one
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from ecom_pipeline.cli import main
main()
"""


@fault(GROUP)
def the_poller_is_killed(world: SystemUnderTest) -> str:
    """The stream poller gets kill -9 while it delivers: it resumes from its checkpoints."""
    day = world.day()
    world.producer.post(world.events(day, 40))
    _kill_service(world, "poller")
    world.producer.post(world.events(day, 5))
    stack.up(world.settings)
    world.producer.settle()
    world.load(day)
    return "45 events, some delivered twice: each is stored once"


@fault(GROUP)
def the_warehouse_is_killed(world: SystemUnderTest) -> str:
    """The warehouse gets kill -9 after a load: what was committed is there after a restart."""
    day, before = world.loaded_day()
    _kill_service(world, "redshift")
    stack.up(world.settings)
    world.must_hold(day, before)
    world.arrive(day)
    world.load(day)
    world.must_be_version(day, 2)
    return "version 1 survived; version 2 was loaded"


@fault(GROUP)
def the_emulator_is_killed(world: SystemUnderTest) -> str:
    """The AWS emulator gets kill -9 and loses DynamoDB: it is restored from the raw lake."""
    day, _ = world.loaded_day()
    world.producer.settle()
    world.arrive(day)
    world.load(day)
    before = world.held(day)
    _kill_service(world, "aws")
    stack.up(world.settings)
    found = operations.compare(world.settings, DayRange(*(world.base or (day, day)))).differences
    require(not found, f"the replayed days differ: {found[:1]}")
    world.must_hold(day, before)
    world.producer.post(world.events(day, 3))
    world.producer.settle()
    world.load(day)
    return "DynamoDB is restored; new events are accepted"


@fault(GROUP)
def a_loading_process_is_killed(world: SystemUnderTest) -> str:
    """A loading process gets kill -9 at one of its statements: another process loads the day."""
    steps = ("copy", "lock sales.load_lock", "delete from sales.fact", "insert into sales.load_l")
    step = world.random.choice(steps)
    day, before = world.loaded_day()
    world.arrive(day)
    killer = _Killer(lambda: world.must_hold(day, before))
    injection = StatementStrike(step, Fate.PASS, after="insert into sales.load_fence")

    def kill_there(statement: str) -> Fate:
        if injection(statement) is Fate.PASS and injection.injected and killer.kill():
            return Fate.CUT_BEFORE
        return Fate.PASS

    with WarehouseProxy(world.settings.redshift_port, kill_there) as proxy:
        killer.run(world, _LOAD, day, redshift_port=proxy.port)
    world.load(day)
    world.must_be_version(day, 2)
    return f"killed at {step.split()[0].upper()}, still version 1; loaded again, version 2"


@fault(GROUP)
def a_building_process_is_killed(world: SystemUnderTest) -> str:
    """A process that builds a day's CSV gets kill -9 before its part or its manifest."""
    day, _ = world.loaded_day()
    before = partition.committed(world.lake, day)
    world.arrive(day)
    killer = _Killer(lambda: None)
    place = world.random.choice((keys.manifest_key(day), f"{keys.csv_prefix(day)}part-"))

    def kill_there(_call: Call, _forward: Forward) -> Reply:
        killer.kill()
        raise ConnectionResetError

    injection = Injection(f"PUT /{world.settings.csv_bucket}/{place}", kill_there)
    with Proxy(str(world.settings.endpoint_url), injection) as proxy:
        killer.run(world, _LOAD, day, endpoint_url=proxy.url)
    injection.must_have_been_injected()
    require(partition.committed(world.lake, day) == before, "the manifest has changed")
    world.load(day)
    world.must_be_version(day, 2)
    what = "manifest" if "manifest" in place else "part"
    return f"killed before the {what}, the old CSV stayed; built by another process"


@fault(GROUP)
def the_disk_is_full(world: SystemUnderTest) -> str:
    """`ecom load` can't write to its disk: it fails, and no day is half loaded."""
    day, before = world.loaded_day()
    world.arrive(day)
    done = _run(world, _ON_A_FULL_DISK, str(_DISK), "load", str(day))
    require(done.returncode != 0, "the load exited with 0")
    held = world.held(day)
    require(held in (before, world.expected(day)), f"the fact table holds {held}")
    world.load(day)
    world.must_be_version(day, 2)
    words = [text for text in done.stderr.splitlines() if "rror" in text and "http" not in text]
    return f"exit {done.returncode}: {(words or ['no output'])[-1].strip()[:90]}"


@fault(GROUP)
def a_huge_object(world: SystemUnderTest) -> str:
    """A raw object has 20,000 lines, each event 100 times: the build never holds all of it."""
    day = world.day()
    made = world.events(day, _EVENTS)
    world.deliver(world.batch(made))
    lines = [encoded(each) for each in made] * _LINES_AN_EVENT
    world.lake.raw.write_lines(keys.raw_key(day, "shardId-huge", "1", str(len(lines))), lines)
    done = _run(world, _MEASURED, str(day))
    require(done.returncode == 0, done.stderr[-300:])
    grown, text = int(done.stdout) / 1024, sum(map(len, lines)) / 2**20
    require(grown < text, f"the build took {grown:.1f} MiB more for {text:.1f} MiB of text")
    world.load(day)
    return f"{len(lines):,} lines, {text:.1f} MiB: the build took {grown:.1f} MiB more"


class _Killer:
    """Runs a process, and kills it from a proxy's thread at the chosen step."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, world: SystemUnderTest, script: str, day: date, **changes: Any) -> None:
        """Run a script until it is killed, then check the invariant for that moment."""
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            _command(script, str(day)),
            env=_environment(world, **changes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            code = self._process.wait(_WAIT)
        finally:
            self.kill()
        require(code == -signal.SIGKILL, f"the process ended with {code} instead of being killed")
        self._then()

    def kill(self) -> bool:
        """Kill the process; return False if it had ended."""
        if self._process is None or self._process.poll() is not None:
            return False
        self._process.kill()
        return True


def _kill_service(world: SystemUnderTest, name: str) -> None:
    pid = processes.pid_of(name, world.settings.home.resolve())
    require(pid, f"{name} is not running")
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(family, timeout=10)


def _run(world: SystemUnderTest, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own script
        _command(script, *arguments),
        env=_environment(world),
        capture_output=True,
        text=True,
        timeout=2 * _WAIT,
        check=False,
    )


def _command(script: str, *arguments: str) -> Sequence[str]:
    return [sys.executable, "-c", script, *arguments]


def _environment(world: SystemUnderTest, **changes: Any) -> dict[str, str]:
    return child_environment(environment_of(replace(world.settings, **changes)))
