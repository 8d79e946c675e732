"""Ends the processes of a killed test run: its servers have separate sessions.

conftest.py starts it as a script, for as long as the run exists.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import psutil

MARK = "PYTEST_RUN_MARK"
_GRACE_SECONDS = 10
_TRACKER = "multiprocessing.resource_tracker"


def start(mark: str) -> None:
    """Start one for this process, which may end before it does: so it is no Popen."""
    silent = [(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_RDWR, 0) for n in range(3)]
    command = [sys.executable, __file__, str(os.getpid()), mark]
    os.posix_spawn(sys.executable, command, os.environ, file_actions=silent, setsid=True)


def marked(mark: str) -> Iterator[psutil.Process]:
    """Yield the processes that a run, or a worker of it, started: their environment says so.

    Not multiprocessing's own tracker, which ends by itself with the process that it is for.
    """
    for process in psutil.process_iter(["environ", "cmdline"]):
        given = (process.info["environ"] or {}).get(MARK, "")  # None without permission
        tracks = _TRACKER in " ".join(process.info["cmdline"] or ())
        ours = given == mark or given.startswith(f"{mark}-")
        if ours and not tracks and process.pid != os.getpid():
            yield process


def end(mark: str) -> None:
    """End all of them: by SIGTERM, since servers save what they hold, then by SIGKILL."""
    left = list(marked(mark))
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(left, timeout=_GRACE_SECONDS)
    for process in marked(mark):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def main() -> None:
    """Wait for the end of a process, however it ends, then end what carries its mark."""
    pid, mark = int(sys.argv[1]), sys.argv[2]
    if psutil.pid_exists(pid):
        psutil.Process(pid).wait()
    end(mark)


if __name__ == "__main__":
    main()
