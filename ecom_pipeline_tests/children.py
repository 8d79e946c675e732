"""Processes that tests start: each leads a session of its own and is ended with all it started.

However the test run itself was started: a shell's background job ignores SIGINT, and so would its
children, so they are ended by SIGTERM, and by SIGKILL when that takes too long.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

END_SECONDS = 30


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a command as the leader of a session, and end that session's processes on leaving."""
    with subprocess.Popen(command, start_new_session=True, **options) as process:
        try:
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[Any], how: signal.Signals = signal.SIGTERM) -> int:
    """End a session's leader by a signal, kill what is left of its group; return its exit code."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, how)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait(END_SECONDS)
