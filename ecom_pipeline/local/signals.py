"""SIGINT and SIGTERM, which both end a command of ours, however its process was started.

What a command does when it ends is its own.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let both signals raise KeyboardInterrupt in here.

    A shell starts `command &` with SIGINT ignored, and Python leaves it so; SIGTERM would end the
    process where it stands.
    """
    before = {each: signal.signal(each, signal.default_int_handler) for each in ENDING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Let both signals wait for what must not be done by halves."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
