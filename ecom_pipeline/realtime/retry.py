"""Retries of AWS calls: exponential backoff with full jitter, within the invocation's time."""

import random
import time
from collections.abc import Iterator
from typing import Any

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds
_WITHOUT_CONTEXT_MS = 20_000


def deadline_of(context: Any, *, reserve_ms: int, retry_budget_ms: int = 900_000) -> float:
    """Return the deadline of retries, in seconds of the monotonic clock.

    `reserve_ms` of the invocation's time are reserved for a last call that hangs and for the
    response. Retries take at most `retry_budget_ms`.
    """
    remaining = context.get_remaining_time_in_millis() if context else _WITHOUT_CONTEXT_MS
    return time.monotonic() + min(remaining - reserve_ms, retry_budget_ms) / 1000


def attempts(deadline: float) -> Iterator[int]:
    """Yield 1, 2, 3 and so on: at least once, then after a pause each, while the deadline allows.

    `deadline` is in seconds of the monotonic clock.
    """
    pause, count = _FIRST_PAUSE, 1
    yield count
    while time.monotonic() + pause < deadline:
        time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter needs no secrecy
        pause, count = min(2 * pause, _LONGEST_PAUSE), count + 1
        yield count
