"""Loads that stop before each call to S3 and before each statement, and continue on command.

Each is a separate thread with real clients; only one of them runs at a time, so an interleaving is
the order of the commands. The work of a load is defined by the caller.
"""

import threading
from collections.abc import Callable
from typing import Any

import redshift_connector

_NOUNS = (
    *("load_lock", "load_fence", "load_ledger", "fact_invoice_lines", "stage_invoice_lines"),
    *("_manifest.json", "part-", "copy/", "quarantine/", "raw/", "csv/"),
)
_BLOCKED_SECONDS = 3
_own = threading.local()


class Killed(BaseException):
    """A process that ends here and now; nothing catches it."""


class Load:
    """A load in its thread; `at` is the step before which it waits, None when it has ended."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.at: str | None = "begin"
        self.error: BaseException | None = None
        self.lost_answers = 0
        self._fault = ""
        self._work = work
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._moving = False
        threading.Thread(target=self._run, daemon=True).start()

    def step(self, fault: str = "") -> bool:
        """Do the step it waits at, and stop before the next; False when another one blocks it.

        With a fault, it is killed instead ("kill"), finds the connection gone ("drop"), or does
        it and never hears of it ("lose").
        """
        if self._holder_is_in_the_way():
            return False
        if not self._moving:
            self._fault = fault
            self._moving = True
            self._go.release()
        if not self._stopped.acquire(timeout=_BLOCKED_SECONDS):
            return False
        self._moving = False
        return True

    def run(self, to: str | None = None) -> None:
        """Go on to a step, or to the end; or to where another load blocks it."""
        while self.step() and self.at not in {None, to}:
            pass

    def reach(self, step: str) -> str:
        """Wait before a step of this thread's; return the fault that it is to meet."""
        self.at = step
        self._stopped.release()
        self._go.acquire()
        fault, self._fault = self._fault, ""
        if fault == "kill":
            raise Killed
        return fault

    def _holder_is_in_the_way(self) -> bool:
        return self.at == "lock load_lock" and Connection.holder not in {None, self}

    def _run(self) -> None:
        _own.load = self
        self._go.acquire()
        try:
            if self._fault != "kill":
                self._work()
            else:
                self.error = Killed()
        except (Exception, Killed) as error:  # noqa: BLE001 - the caller handles it
            self.error = error
        finally:
            self.at = None
            self._stopped.release()


class Connection:
    """A real connection whose statements are steps of the load that opened it."""

    holder: Load | None = None  # the load whose transaction has the lock

    def __init__(self, real: Any) -> None:
        self._real = real
        self._load: Load | None = getattr(_own, "load", None)  # None: of the watch over a lock
        self._new = True  # the session's own settings are no steps

    def cursor(self) -> "Cursor":
        return Cursor(self._real.cursor(), self)

    def execute(self, run: Callable[[], Any], sql: str) -> None:
        if self._load is None or (self._new and sql.startswith("set ")):
            run()
            return
        step = named(sql.split(maxsplit=1)[0], sql)
        self._act(step, run)
        if step == "lock load_lock":
            Connection.holder = self._load

    def commit(self) -> None:
        if self._new:
            self._new = False
            self._real.commit()
        else:
            self._act("commit", self._real.commit)
        self._let_go()

    def rollback(self) -> None:
        self._real.rollback()
        self._let_go()

    def close(self) -> None:
        self._real.close()
        self._let_go()

    def _let_go(self) -> None:
        if Connection.holder is self._load:
            Connection.holder = None

    def _act(self, step: str, act: Callable[[], Any]) -> None:
        fault = None if self._load is None else self._load.reach(step)
        if fault == "drop":
            raise redshift_connector.InterfaceError("dropped")
        act()
        if fault == "lose":
            raise redshift_connector.InterfaceError("the response was lost")


class Cursor:
    """A real cursor; executing is a step."""

    def __init__(self, real: Any, connection: Connection) -> None:
        self._real = real
        self._connection = connection

    def execute(self, sql: str, parameters: Any = None) -> None:
        self._connection.execute(lambda: self._real.execute(sql, parameters), sql)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def stop_before_calls(s3: Any) -> None:
    """Make each call of a client a step of the load in whose thread it happens."""

    def before_call(model: Any, params: dict[str, Any], **_: Any) -> None:
        load = getattr(_own, "load", None)
        if load is not None and load.reach(named(model.name, params["url"])):
            raise Killed  # boto3 would retry a connection error; this ends the load

    s3.meta.events.register("before-call.s3", before_call)


def named(verb: str, text: str) -> str:
    """Return the name of a step: what is done, and to what."""
    return " ".join([verb, *[noun for noun in _NOUNS if noun in text][:1]])
