"""The result of a translation: SQL for PostgreSQL, a load to execute, or a refusal.

Belongs here: the values between the translation and the proxy. Does not belong here: how they are
made (the sibling modules) or executed (session.py).
"""

from dataclasses import dataclass


class RefusedError(Exception):
    """A statement that Redshift or its local substitute does not support; has the alternative."""

    sqlstate = "0A000"


@dataclass(frozen=True, slots=True)
class Run:
    """SQL for PostgreSQL in the statement's place; some names in it may be aliases."""

    sql: str
    aliases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Truncate:
    """A TRUNCATE: Redshift commits the transaction around it."""

    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A COPY of CSV objects from S3."""

    table: str
    columns: tuple[str, ...]
    source: str
    manifest: bool = False
    gzip: bool = False
    ignore_header: int = 0
    empty_as_null: bool = False
    null_as: str | None = None
    region: str | None = None

    @property
    def table_name(self) -> str:
        """The table's name without its schema and quotes, as error messages show it."""
        return self.table.rpartition(".")[2].strip('"')


Statement = Run | Truncate | Copy
