"""Waits of the tests: each has a timeout, and its error names what was waited for."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(holds: Callable[[], T], what: str, seconds: float = 60, every: float = 0.05) -> T:
    """Ask until the answer is true, and return it.

    Raises:
        AssertionError: it was not true in so many seconds; the message names `what`.
    """
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"timeout after {seconds:.0f} s, waiting for {what}"
        time.sleep(every)
    return found
