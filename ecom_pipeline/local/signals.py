"""SIGINT and SIGTERM: each ends a command, however its process was started.

What a command cleans up when it ends does not belong here.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt on both signals within this context.

    A shell starts `command &` with SIGINT ignored, which Python keeps; SIGTERM would end the
    process
    without cleanup.
    """
    before = {each: signal.signal(each, signal.default_int_handler) for each in ENDING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Block both signals until the end of this context, for a section that must run to its end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
