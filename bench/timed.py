"""Measure a program from outside: its seconds, CPU and memory, including its children."""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from ecom_pipeline.settings import child_environment

_LOOK_SECONDS, _LOOK_SHARE = 0.05, 0.1


@dataclass(frozen=True)
class Took:
    """The cost of a run; `wall` and `cpu` in seconds; `memory` in MB, the peak of all processes."""

    wall: float
    cpu: float
    memory: float


def run(module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Took:
    """Run `python -m module` and return its cost.

    Raises:
        AssertionError: its exit code is not 0.
    """
    command = [sys.executable, "-m", module, *arguments]
    before = os.times()
    began = time.monotonic()
    with subprocess.Popen(  # noqa: S603
        command, env=child_environment(environment), stdout=subprocess.DEVNULL
    ) as process:
        seen = _watch(process)
    wall, after = time.monotonic() - began, os.times()
    if process.returncode:
        raise AssertionError(f"{module} {arguments[0]} ended with {process.returncode}")
    waited = after.children_user + after.children_system
    waited -= before.children_user + before.children_system
    # the CPU time of a JVM is not in children_user; a jq may end between two looks
    return Took(wall, max(waited, sum(seen.cpu.values())), seen.peak)


def cpu_seconds(statement: str, environment: Mapping[str, str]) -> float:
    """Return the CPU seconds of a Python process that runs one statement, its start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", statement]
    subprocess.run(command, check=True, env=child_environment(environment))  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@dataclass
class _Seen:
    """Samples of a process tree: CPU seconds of each process, and the peak of all memory, in MB."""

    cpu: dict[int, float] = field(default_factory=dict)
    peak: float = 0.0

    def look(self, pid: int) -> None:
        try:
            parent = psutil.Process(pid)
            family = [parent, *parent.children(recursive=True)]
        except psutil.Error:
            return
        self.peak = max(self.peak, sum(map(self._own, family)) / 1e6)

    def _own(self, process: psutil.Process) -> float:
        """Return the bytes that the process alone uses, without those shared with others."""
        try:
            times = process.cpu_times()
            self.cpu[process.pid] = times.user + times.system
            held = process.memory_info()
            return held.rss - held.shared  # computing USS would take 10 ms, from the run itself
        except psutil.Error:
            return 0.0


def _watch(process: subprocess.Popen[bytes]) -> _Seen:
    """Sample a process and its children until it ends.

    A sample takes 5 ms of a core that the run may need, so a long run is sampled less often.
    """
    seen, began = _Seen(), time.monotonic()
    while process.poll() is None:
        seen.look(process.pid)
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(_LOOK_SECONDS, (time.monotonic() - began) * _LOOK_SHARE))
    return seen


def in_turn(
    module: str, ways: Mapping[str, Sequence[str]], environment: Mapping[str, str], rounds: int
) -> dict[str, Took]:
    """Run each way in each round, one after another, and return the medians."""
    found: dict[str, list[Took]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, arguments in ways.items():
            found[name].append(run(module, arguments, environment))
    return {name: _median(these) for name, these in found.items()}


def _median(these: Sequence[Took]) -> Took:
    return Took(
        statistics.median(each.wall for each in these),
        statistics.median(each.cpu for each in these),
        statistics.median(each.memory for each in these),
    )
