"""A process that is killed at its n-th write; the next one finds what was written."""

import threading
from collections.abc import Callable
from typing import Any

WRITES = ("Put", "Delete", "Update", "BatchWrite")


class Killed(BaseException):
    """What ends a process, whatever it catches."""


def killed_at(number: int, doing: Callable[[], object], *clients: Any) -> bool:
    """Do something until the clients' n-th write would be sent; return whether it got there."""
    writes, lock = [], threading.Lock()

    def count(model, **_):
        if model.name.startswith(WRITES):
            with lock:
                writes.append(model.name)
                if len(writes) >= number:
                    raise Killed

    for client in clients:
        client.meta.events.register("before-call.*.*", count)
    try:
        doing()
    except Killed:
        return True
    finally:
        for client in clients:
            client.meta.events.unregister("before-call.*.*", count)
    return False
