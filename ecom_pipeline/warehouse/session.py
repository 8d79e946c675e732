# pyright: basic
# redshift_connector carries no types; a connection is handed in as Any.
"""What a Redshift session of ours is: connect, run a statement, retry what is transient.

The statements of a load are in load.py, the schema's in migrations.py.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import redshift_connector

from ecom_pipeline.domain.errors import EcomError

Row = tuple[Any, ...]
_T = TypeVar("_T")

ATTEMPTS = 6
STATEMENT_SECONDS = 900
# SQLSTATE is XX000 for these, as for much else: only the text tells (AWS, "serializable isolation")
_TRANSIENT = (
    "conflict with concurrent transaction",
    "serializable isolation violation",
    "could not open relation with oid",
)
# what AWS shows of our queries, and the end of one that hangs; both count for a session
_SESSION = (
    "set query_group to 'ecom_pipeline'",
    f"set statement_timeout to {STATEMENT_SECONDS * 1000}",
)


class WarehouseError(EcomError):
    """The warehouse could not do what was asked; the message says what to do."""


class UnreachableError(WarehouseError):
    """No warehouse answers: it may be resuming, or its address is wrong."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A way to connect; each load takes a connection of its own and throws it away."""

    connect: Callable[[], Any]
    copy_role: str

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """Open a session; what it did not commit is rolled back with it."""
        try:
            connection = self.connect()
        except (redshift_connector.Error, OSError) as error:
            raise UnreachableError(f"no warehouse answers: {reason(error)}") from error
        with closing(connection):
            session = Session(connection)
            for setting in _SESSION:
                session.run(setting)
            session.commit()  # else a rollback would take the settings back
            yield session

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Return the rows of one statement, in a session of its own."""
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
        """Run a statement and return its column names and rows; none when it returns nothing."""
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


def retrying(attempt: Callable[[], _T]) -> _T:
    """Call `attempt` again while it fails with what is transient, with full jitter.

    It must be safe to repeat and open a new session each time: a dropped one can't be trusted.
    """
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except (redshift_connector.Error, OSError, UnreachableError) as error:
            if number == ATTEMPTS - 1 or not is_transient(error):
                raise WarehouseError(reason(error)) from error
            time.sleep(random.uniform(0, 0.2 * 2**number))  # noqa: S311 - jitter, not a secret
    raise AssertionError("the last attempt returns or raises")


def is_transient(error: Exception) -> bool:
    """Return whether the same statements may succeed on a new connection."""
    if isinstance(error, redshift_connector.InterfaceError | OSError | UnreachableError):
        return True
    return any(text in reason(error).lower() for text in _TRANSIENT)


def reason(error: Exception) -> str:
    """Return an error's own words: the driver hands over a dict of protocol fields."""
    fields = error.args[0] if error.args else ""
    if isinstance(fields, dict):
        return " ".join(str(fields[k]) for k in ("M", "D") if k in fields)
    return str(error)
