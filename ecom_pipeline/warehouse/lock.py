"""Take the lock of a table; log who holds it while it is waited for.

LOCK must be a transaction's first statement, so that its snapshot is newer than the lock. The
holder is looked up in a session of its own meanwhile. Redshift shows a user only the sessions of
the same user; of another user's no more is known than that it waits.
"""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import redshift_connector

from ecom_pipeline import stages
from ecom_pipeline.warehouse.session import Session, UnreachableError, Warehouse

_FIRST_SECONDS, _EVERY_SECONDS = 5.0, 30.0
_HOLDERS = (
    "select t.pid, t.txn_start from svv_transactions t join pg_class c on c.oid = t.relation"
    " join pg_namespace n on n.oid = c.relnamespace"
    " where t.granted and n.nspname = %s and c.relname = %s"
    " and t.lock_mode = 'AccessExclusiveLock'"
)
_LABEL = (
    "select query_label from sys_query_history where session_id = %s order by start_time desc"
    " limit 1"
)


def take(warehouse: Warehouse, session: Session, table: str) -> None:
    """Lock a table in a session's new transaction, with a log of the wait after five seconds."""
    with _watched(warehouse, table):
        session.run(f"lock {table}")


def holders(warehouse: Warehouse, table: str) -> list[str]:
    """Return a text for each session that has the lock of a table: its begin (UTC), run, days."""
    found: list[str] = []
    for pid, since in warehouse.query(_HOLDERS, table.split(".")):
        labels = warehouse.query(_LABEL, [pid])
        label = str(labels[0][0]).strip() if labels else "no label"
        found.append(f"session {pid}, since {since:%H:%M:%S} UTC ({label})")
    return found


@contextmanager
def _watched(warehouse: Warehouse, table: str) -> Generator[None]:
    done, began = threading.Event(), time.monotonic()
    threading.Thread(target=_tell, args=(warehouse, table, done, began), daemon=True).start()
    try:
        yield
    finally:
        done.set()
        seconds = time.monotonic() - began
        if seconds > _FIRST_SECONDS:
            stages.waited(f"the lock of {table}", seconds)


def _tell(warehouse: Warehouse, table: str, done: threading.Event, began: float) -> None:
    pause = _FIRST_SECONDS
    while not done.wait(pause):
        pause = _EVERY_SECONDS
        try:
            found = holders(warehouse, table) or ["a session that this user can't see"]
        except (redshift_connector.Error, UnreachableError, OSError) as error:
            found = [f"a session that can't be looked up: {type(error).__name__}"]
        if not done.is_set():
            stages.waiting(f"the lock of {table}", time.monotonic() - began, found)
