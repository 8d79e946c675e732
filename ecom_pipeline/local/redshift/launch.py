"""Prepare the process for a PostgreSQL program, then replace it with exec; run as a script.

PostgreSQL refuses to run as root. As root, this enters a user namespace in which root's files
belong to user 65534, and so needs no user, no chown and no chmod: the data stay in the caller's
directory with mode 0700. On Linux the program gets SIGINT when its parent dies, so that a killed
proxy leaves no database running. Nothing else belongs here, and only the standard library may be
imported: it runs with `python -I -S`.
"""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_NOBODY = 65534


def main(command: list[str]) -> None:
    """Replace this process with the program."""
    if os.geteuid() == 0 or not _has_name():
        _enter_user_namespace()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    os.execv(command[0], command)  # noqa: S606 - no shell needed


def _has_name() -> bool:
    """Return whether the user is in the user database, as initdb requires (docker run --user)."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def _enter_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER):
        code = ctypes.get_errno()
        raise OSError(code, f"no user namespace: {os.strerror(code)}")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {group} 1")


if __name__ == "__main__":
    main(sys.argv[1:])
