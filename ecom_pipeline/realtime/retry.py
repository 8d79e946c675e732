"""When to ask AWS again: with full jitter, and never past the invocation's time."""

import random
import time
from collections.abc import Iterator
from typing import Any

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_WITHOUT_CONTEXT_MS = 20_000


def deadline_of(context: Any, *, reserve_ms: int, patience_ms: int = 900_000) -> float:
    """Return until when to ask again, on the monotonic clock.

    `reserve_ms` of the invocation's time are kept: for a last call that hangs, and the answer.
    """
    remaining = context.get_remaining_time_in_millis() if context else _WITHOUT_CONTEXT_MS
    return time.monotonic() + min(remaining - reserve_ms, patience_ms) / 1000


def attempts(deadline: float) -> Iterator[int]:
    """Yield once at least, then again after a pause, as long as there is time for the pause."""
    pause, count = _FIRST_PAUSE, 1
    yield count
    while time.monotonic() + pause < deadline:
        time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter needs no secrecy
        pause, count = min(2 * pause, _LONGEST_PAUSE), count + 1
        yield count
