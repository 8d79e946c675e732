"""Which names of a select list are aliases, found with a probe of the database.

Belongs here: the probe. Redshift lets a SELECT use its own aliases, and a column of the same name
has priority; only PostgreSQL has the columns, so the query is prepared there, and unknown columns
are expanded. Does not belong here: the expansion (dialect/aliases.py).
"""

import re

from ecom_pipeline.local.redshift.backend import Backend
from ecom_pipeline.local.redshift.dialect.statement import Run, Statement
from ecom_pipeline.local.redshift.dialect.translate import translate
from ecom_pipeline.local.redshift.errors import BackendError

_UNKNOWN = re.compile(r'column "(\w+)" does not exist')


async def resolve(sql: str, run: Run, backend: Backend) -> Statement:
    """Return the statement with those aliases expanded that PostgreSQL has no column for."""
    expanded: frozenset[str] = frozenset()
    statement: Statement = run
    while isinstance(statement, Run) and statement.aliases and backend.status != b"E":
        unknown = await _unknown_column(statement.sql, backend)
        if unknown not in statement.aliases:
            break
        expanded |= {unknown}
        statement = translate(sql, expanded)
    return statement


async def _unknown_column(sql: str, backend: Backend) -> str:
    """Prepare a query in PostgreSQL, and undo it; return the column that does not exist, or ""."""
    inside = backend.status == b"T"
    if inside:
        await backend.run("SAVEPOINT probe")
    try:
        await backend.run(f"PREPARE probe AS {sql}")
        await backend.run("DEALLOCATE probe")
    except BackendError as error:
        if inside:
            await backend.run("ROLLBACK TO probe")
        found = _UNKNOWN.match(str(error))
        return found[1] if found else ""
    finally:
        if inside:
            await backend.run("RELEASE probe")
    return ""
