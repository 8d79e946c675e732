"""Redshift's functions and system views, installed into every database of the server.

Belongs here: which SQL files, into which databases, when. Does not belong here: the SQL itself
(comparison.sql, functions.sql, views.sql).
"""

from pathlib import Path

from ecom_pipeline.local.redshift.backend import CLIENT, SUPERUSER, Backend

DATABASE = "dev"
_TEMPLATE = "template1"  # a CREATE DATABASE copies it
_CREATE_CLIENT = (
    f"DO $$ BEGIN CREATE ROLE {CLIENT} LOGIN CREATEDB CREATEROLE;"
    " EXCEPTION WHEN duplicate_object THEN NULL; END $$"
)
_FILES = ("comparison.sql", "functions.sql", "views.sql")


async def install(socket: Path) -> None:
    """Update the functions and views of every database, and create the first one."""
    await _load(socket, _TEMPLATE)
    names = await _databases(socket)
    if DATABASE not in names:
        await _run(socket, _TEMPLATE, _CREATE_CLIENT)
        await _run(socket, _TEMPLATE, f"CREATE DATABASE {DATABASE} OWNER {CLIENT}")
    for name in names:
        await _load(socket, name)


async def _databases(socket: Path) -> list[str]:
    sql = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate"
    return [str(row[0]) for row in await _run(socket, _TEMPLATE, sql)]


async def _load(socket: Path, database: str) -> None:
    for name in _FILES:
        await _run(socket, database, Path(__file__).with_name(name).read_text(encoding="utf-8"))


async def _run(socket: Path, database: str, sql: str) -> list[list[str | None]]:
    backend = await Backend.open(socket)
    try:
        await backend.start(SUPERUSER, {"database": database})
        return (await backend.run(sql)).rows
    finally:
        backend.close()
