"""Processes of tests: each leads a separate session and is ended with all its children.

They are ended with SIGTERM, then SIGKILL after a timeout: if the test run is a shell's background
job, it ignores SIGINT, and so do its children.
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
