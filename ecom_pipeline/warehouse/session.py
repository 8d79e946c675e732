# pyright: basic
# redshift_connector has no types; a connection is passed in as Any.
"""Redshift sessions: connect, run statements, retry transient errors.

The statements of a load are in load.py, those of the schema in migrations.py.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import redshift_connector

from ecom_pipeline import stages
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.domain.shop import Shop
from ecom_pipeline.warehouse.attribution import UNKNOWN, Attribution

Row = tuple[Any, ...]
_T = TypeVar("_T")

ATTEMPTS = 6
STATEMENT_SECONDS = 900
RUN_DIGITS = 8  # of a run's id, as in Dagster's UI
# SQLSTATE is XX000 for these and for other errors, so the text decides (AWS docs: "serializable
# isolation")
_TRANSIENT = (
    "conflict with concurrent transaction",
    "serializable isolation violation",
    "could not open relation with oid",
)
_TIMEOUT = f"set statement_timeout to {STATEMENT_SECONDS * 1000}"  # milliseconds


class WarehouseError(EcomError):
    """A failed operation on the warehouse; the message states what to do next."""


class UnreachableError(WarehouseError):
    """The connection to the warehouse failed: it may be resuming, or its address is wrong."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A connection factory, the IAM role of COPY, and the shop; each session connects anew.

    `by` is who publishes, `label` what the sessions are for: in sys_query_history a query has both,
    the run and the label, so that a session that waits can tell who holds a lock.
    """

    connect: Callable[[], Any]
    copy_role: str
    shop: Shop
    by: Attribution = UNKNOWN
    label: str = ""

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """Open a session; closing it rolls back uncommitted changes.

        Raises:
            UnreachableError: the connection failed.
        """
        try:
            connection = self.connect()
        except (redshift_connector.Error, OSError) as error:
            raise UnreachableError(f"no warehouse answers: {reason(error)}") from error
        with closing(connection):
            session = Session(connection)
            session.run(f"set query_group to '{' '.join(filter(None, self._labels()))}'")
            session.run(_TIMEOUT)
            session.commit()  # so that a rollback does not reset the settings
            yield session

    def _labels(self) -> list[str]:
        run = f"run={self.by.run_id[:RUN_DIGITS]}" if self.by.run_id else ""
        return ["ecom_pipeline", run, self.label]

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one query in a separate session and return its rows."""
        with self.session() as session:
            return session.rows(sql, parameters)


@dataclass(frozen=True, slots=True)
class Session:
    """One connection, autocommit off."""

    connection: Any

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement."""
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(sql, tuple(parameters) or None)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a query and return its rows."""
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(sql, tuple(parameters) or None)
            return [tuple(row) for row in cursor.fetchall()]

    def table(self, sql: str) -> tuple[list[str], list[Row]]:
        """Run a statement and return its column names and rows; both empty without a result set."""
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(sql)
            if cursor.description is None:
                return [], []
            names = [
                name.decode() if isinstance(name, bytes) else name
                for name, *_ in cursor.description
            ]
            return names, [tuple(row) for row in cursor.fetchall()]

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        self.connection.rollback()


def retrying(attempt: Callable[[], _T], what: str = "warehouse") -> _T:
    """Call `attempt` up to ATTEMPTS times while it fails with a transient error, with full jitter.

    `attempt` must be idempotent, and open a new session each time. `what` names it in the log.

    Raises:
        WarehouseError: the error is not transient, or the last attempt failed.
    """
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except (redshift_connector.Error, OSError, UnreachableError) as error:
            if number == ATTEMPTS - 1 or not is_transient(error):
                raise WarehouseError(reason(error)) from error
            pause = random.uniform(0, 0.2 * 2**number)  # noqa: S311 - jitter, not a secret
            stages.retry(what, number + 1, ATTEMPTS, coded(error), wait=pause)
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def is_transient(error: Exception) -> bool:
    """Return whether the same statements may succeed on a new connection."""
    if isinstance(error, redshift_connector.InterfaceError | OSError | UnreachableError):
        return True
    return any(text in reason(error).lower() for text in _TRANSIENT)


def coded(error: Exception) -> str:
    """Return the code (SQLSTATE) or the kind of a transient error, and its message.

    A transient error names tables and transactions, never a value.
    """
    fields = error.args[0] if error.args else ""
    code = fields.get("C") if isinstance(fields, dict) else None
    return f"{code or type(error).__name__}: {reason(error)}"


def reason(error: Exception) -> str:
    """Return an error's message; the driver's errors contain a dict of protocol fields."""
    fields = error.args[0] if error.args else ""
    if isinstance(fields, dict):
        return " ".join(str(fields[k]) for k in ("M", "D") if k in fields)
    return str(error)
