"""A program timed from outside: its seconds, its CPU and its memory, its children's too."""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

from ecom_pipeline.settings import child_environment

_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Took:
    """What a run took; `memory` is the peak of all its processes together, in MB."""

    wall: float
    cpu: float
    memory: float


def run(module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Took:
    """Run `python -m module` and return what it took."""
    command = [sys.executable, "-m", module, *arguments]
    before = os.times()
    began = time.monotonic()
    with subprocess.Popen(command, env=child_environment(environment)) as process:  # noqa: S603
        peak = _watch(process)
    after = os.times()
    if process.returncode:
        raise AssertionError(f"{module} {arguments[0]} ended with {process.returncode}")
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return Took(time.monotonic() - began, cpu, peak)


def _watch(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process, and return the most memory that it and its children had, in MB."""
    peak = 0.0
    ended = threading.Event()
    threading.Thread(target=lambda: (process.wait(), ended.set()), daemon=True).start()
    while not ended.wait(_LOOK_SECONDS):
        peak = max(peak, _memory(process.pid))
    return peak


def _memory(pid: int) -> float:
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return 0.0
    return sum(_own(each) for each in family) / 1e6


def _own(process: psutil.Process) -> float:
    """Return what goes when the process goes: pages shared with another count once."""
    try:
        return process.memory_full_info().uss
    except psutil.Error:
        return 0.0


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
