"""CREATE and ALTER: tables, views, schemas, users.

Belongs here: DDL, rewritten token by token, because sqlglot can't parse much of Redshift's (ENCODE
before SORTKEY, SORTKEY AUTO, DISTKEY() crash or pass through unchanged in 30.30). Does not belong
here: one column's definition (columns.py).
"""

import json
from dataclasses import asdict

from ecom_pipeline.local.redshift.dialect.columns import (
    TableFacts,
    bytes_check,
    bytes_constraint,
    column,
    table_element,
)
from ecom_pipeline.local.redshift.dialect.lexer import (
    Cursor,
    literal,
    quote,
    split_at_commas,
    text_of,
)
from ecom_pipeline.local.redshift.dialect.queries import translate_query
from ecom_pipeline.local.redshift.dialect.statement import RefusedError, Run
from ecom_pipeline.local.redshift.dialect.types import take_type

_STORAGE = {"DISTKEY", "DISTSTYLE", "SORTKEY", "COMPOUND", "INTERLEAVED", "ENCODE"}


def create(cursor: Cursor) -> Run:
    """Translate CREATE."""
    cursor.need("CREATE")
    replace = cursor.take("OR", "REPLACE")
    cursor.take("LOCAL")
    temporary = bool(cursor.take_any("TEMP", "TEMPORARY"))
    if cursor.take("TABLE"):
        return _create_table(cursor, temporary=temporary)
    if cursor.take("MATERIALIZED", "VIEW"):
        return _create_materialized_view(cursor)
    if cursor.take("VIEW"):
        return _create_view(cursor, replace=replace)
    if cursor.take("SCHEMA"):
        return _create_schema(cursor)
    return _create_other(cursor)


def alter(cursor: Cursor) -> Run:
    """Translate ALTER; RefusedError for APPEND."""
    if not cursor.take("ALTER", "TABLE"):
        return Run(cursor.text())
    table = cursor.name()
    if cursor.peek() == "APPEND":
        raise RefusedError("ALTER TABLE APPEND is not supported by the local Redshift: use INSERT")
    if cursor.take("ADD"):
        return _add_column(cursor, table)
    if cursor.take("ALTER"):
        return _alter_column(cursor, table)
    return Run(f"ALTER TABLE {table} {cursor.text()}")


def _create_table(cursor: Cursor, *, temporary: bool) -> Run:
    facts = TableFacts()
    head = "CREATE TEMP TABLE " if temporary else "CREATE TABLE "
    if cursor.take("IF", "NOT", "EXISTS"):
        head += "IF NOT EXISTS "
    if cursor.peek() == "#":
        raise RefusedError(
            "#name tables are not supported by the local Redshift: CREATE TEMP TABLE"
        )
    head += cursor.name()
    if cursor.peek() == "(":
        head += f" ({_elements(cursor, facts)})"
    _table_attributes(cursor, facts)
    if cursor.take("AS"):
        return Run(f"{head} AS {translate_query(cursor.text()).sql}{_remark(facts)}")
    cursor.done()
    return Run(head + _remark(facts))


def _elements(cursor: Cursor, facts: TableFacts) -> str:
    """Return a table's columns, or the names alone of a CREATE TABLE ... AS."""
    items = split_at_commas(cursor.inside())
    if all(len(item) == 1 for item in items):
        return ", ".join(quote(item[0].value) for item in items)
    elements = [table_element(item, facts) for item in items]
    return ", ".join(element for element in elements if element)


def _table_attributes(cursor: Cursor, facts: TableFacts) -> None:
    """Consume the attributes after a table's columns, in any order."""
    while word := cursor.take_any(*_STORAGE, "BACKUP", "AUTO"):
        if word == "DISTSTYLE":
            facts.diststyle = cursor.next().word
        elif word == "DISTKEY":
            facts.distkey, facts.diststyle = cursor.names()[0], "KEY"
        elif word == "SORTKEY":
            facts.sortkey = () if cursor.take("AUTO") else cursor.names()
        elif word == "AUTO":
            cursor.need("REFRESH")
            cursor.next()
        elif word in {"BACKUP", "ENCODE"}:
            cursor.next()


def _remark(facts: TableFacts) -> str:
    """Return the facts as a comment, from which an event trigger fills the proxy's own table."""
    return f" /*redshift:{json.dumps(asdict(facts)).replace('*/', '')}*/"


def _create_materialized_view(cursor: Cursor) -> Run:
    facts = TableFacts()
    name = cursor.name()
    _table_attributes(cursor, facts)
    cursor.need("AS")
    query = translate_query(cursor.text()).sql
    return Run(f"CREATE MATERIALIZED VIEW {name} AS {query}{_remark(facts)}")


def _create_view(cursor: Cursor, *, replace: bool) -> Run:
    head = "CREATE OR REPLACE VIEW " if replace else "CREATE VIEW "
    head += cursor.name()
    if cursor.peek() == "(":
        head += f" ({', '.join(map(quote, cursor.names()))})"
    cursor.need("AS")
    body = cursor.rest
    if [token.word for token in body[-4:]] == ["WITH", "NO", "SCHEMA", "BINDING"]:
        body = body[:-4]
    return Run(f"{head} AS {translate_query(text_of(body)).sql}")


def _create_schema(cursor: Cursor) -> Run:
    head = "CREATE SCHEMA "
    if cursor.take("IF", "NOT", "EXISTS"):
        head += "IF NOT EXISTS "
    head += cursor.name()
    if cursor.take("AUTHORIZATION"):
        head += f" AUTHORIZATION {cursor.name()}"
    if cursor.take("QUOTA"):
        return Run(head)
    cursor.done()
    return Run(head)


def _create_other(cursor: Cursor) -> Run:
    kind = cursor.take_any("USER", "GROUP", "ROLE", "DATABASE")
    if not kind:
        raise RefusedError(
            f"CREATE {cursor.peek()} is not supported by the local Redshift (and indexes, "
            "sequences, triggers and types are not by Amazon Redshift)"
        )
    name = cursor.name()
    if cursor.take("PASSWORD", "DISABLE"):
        return Run(f"CREATE {kind} {name} PASSWORD NULL {cursor.text()}")
    return Run(f"CREATE {kind} {name} {cursor.text()}")


def _add_column(cursor: Cursor, table: str) -> Run:
    if cursor.peek() in {"PRIMARY", "UNIQUE", "FOREIGN", "CONSTRAINT"}:
        return _untouched(table)
    cursor.take("COLUMN")
    return Run(f"ALTER TABLE {table} ADD COLUMN {column(cursor, TableFacts())}")


def _alter_column(cursor: Cursor, table: str) -> Run:
    if cursor.peek() in _STORAGE:
        return _untouched(table)
    cursor.take("COLUMN")
    name = cursor.next().value
    if cursor.take("ENCODE"):
        return _untouched(table)
    cursor.need("TYPE")
    type_ = take_type(cursor)
    if not type_.bytes_limit:
        raise RefusedError("only the size of a VARCHAR column can be altered")
    constraint = quote(bytes_constraint(name))
    return Run(
        f"ALTER TABLE {table} ALTER COLUMN {quote(name)} TYPE {type_.sql}, "
        f"DROP CONSTRAINT IF EXISTS {constraint}, ADD {bytes_check(name, type_.bytes_limit)}"
    )


def _untouched(table: str) -> Run:
    """Return a statement without effect, for storage and keys; it fails without the table."""
    return Run(f"ALTER TABLE {table} SET (fillfactor = 100)")


def show_table(cursor: Cursor) -> Run:
    """Translate SHOW TABLE."""
    name = literal(cursor.name())
    cursor.done()
    return Run(f'SELECT redshift.show_table({name}) AS "Show Table DDL statement"')
