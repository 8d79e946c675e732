"""Schema migrations of the warehouse: numbered SQL files, each run once, in order."""

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files

import redshift_connector

from ecom_pipeline.domain.columns import COLUMNS, PARTITION, Column
from ecom_pipeline.warehouse import lock, schema
from ecom_pipeline.warehouse.session import Session, Warehouse, WarehouseError

_TABLE = "public.ecom_migrations"


class MigrationError(WarehouseError):
    """The migrations that ran in the warehouse are not a prefix of this program's files."""


def migrate(warehouse: Warehouse) -> list[str]:
    """Run pending migrations, add new columns; return the names of both.

    Raises:
        MigrationError: a file that ran was edited since, or the warehouse is ahead of this program.
        SchemaError: the fact table differs from the column list and needs a manual migration.
    """
    with warehouse.session() as session:
        _ensure_history(session)
        lock.take(warehouse, session, _TABLE)  # so that concurrent processes run each file once
        done = dict(session.rows(f"select name, sha256 from {_TABLE}"))
        ours = {name: _text(name) for name in _names()}
        _check(done, ours)
        new = [name for name in ours if name not in done]
        for name in new:
            _run(session, ours[name])
            session.run(f"insert into {_TABLE} values (%s, %s)", [name, _sha256(ours[name])])
        added = schema.evolve(session)
        session.commit()
        return new + added


def _ensure_history(session: Session) -> None:
    """Create the table of migrations, unless it exists or another process is creating it.

    `if not exists` is not atomic: of two processes on a new warehouse, one gets an error.
    """
    schema_name, _, table = _TABLE.partition(".")
    try:
        session.run(
            f"create table if not exists {_TABLE}"
            " (name varchar(100) not null, sha256 varchar(64) not null)"
        )
        session.commit()
    except redshift_connector.Error:
        session.rollback()
        there = "select 1 from svv_tables where table_schema = %s and table_name = %s"
        if not session.rows(there, [schema_name, table]):
            raise
        session.commit()  # so that the caller's snapshot starts after its lock


def _check(done: Mapping[str, str], ours: Mapping[str, str]) -> None:
    """Raise MigrationError unless the migrations that ran are unchanged files of this program."""
    unknown = sorted(done.keys() - ours.keys())
    if unknown:
        raise MigrationError(
            f"the warehouse has run {', '.join(unknown)}, which this program does not have:"
            " the program is older than the warehouse; deploy the newer version"
        )
    edited = [name for name, sha256 in done.items() if sha256 != _sha256(ours[name])]
    if edited:
        raise MigrationError(
            f"{', '.join(sorted(edited))} was edited after it ran: restore it, and put the change"
            " into a new migration"
        )


def ddl(columns: tuple[Column, ...]) -> str:
    """Return columns as the body of a CREATE TABLE."""
    return ",\n  ".join(
        f"{c.name} {c.redshift}{'' if c.nullable else ' not null'}" for c in columns
    )


def _names() -> list[str]:
    folder = files("ecom_pipeline.warehouse") / "sql" / "migrations"
    return sorted(each.name for each in folder.iterdir() if each.name.endswith(".sql"))


def _text(name: str) -> str:
    return (files("ecom_pipeline.warehouse") / "sql" / "migrations" / name).read_text()


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _run(session: Session, text: str) -> None:
    text = text.replace("{fact_columns}", ddl((*COLUMNS, PARTITION)))
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    for statement in filter(None, map(str.strip, code.split(";"))):
        session.run(statement)
