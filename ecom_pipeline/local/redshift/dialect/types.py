"""Redshift's column types as PostgreSQL's.

Belongs here: the types a column may have, and the length of a VARCHAR without one. Does not belong
here: the rest of a column's definition (columns.py).
"""

from dataclasses import dataclass

from ecom_pipeline.local.redshift.dialect.lexer import Cursor
from ecom_pipeline.local.redshift.dialect.statement import RefusedError

_LONGEST = 65535
_PLAIN = {
    "SMALLINT": "smallint",
    "INT2": "smallint",
    "INTEGER": "integer",
    "INT": "integer",
    "INT4": "integer",
    "BIGINT": "bigint",
    "INT8": "bigint",
    "REAL": "real",
    "FLOAT4": "real",
    "FLOAT": "double precision",
    "FLOAT8": "double precision",
    "BOOLEAN": "boolean",
    "BOOL": "boolean",
    "DATE": "date",
    "DATETIME": "timestamp",
    "TIMESTAMPTZ": "timestamptz",
    "TIMETZ": "timetz",
}
_TEXT = {
    "VARCHAR": ("varchar", 256),
    "NVARCHAR": ("varchar", 256),
    "TEXT": ("varchar", 256),
    "CHAR": ("char", 1),
    "CHARACTER": ("char", 1),
    "NCHAR": ("char", 1),
    "BPCHAR": ("char", 256),
}


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A PostgreSQL type, and the limit of a VARCHAR in bytes."""

    sql: str
    bytes_limit: int | None = None


def take_type(cursor: Cursor) -> ColumnType:
    """Consume a column's type.

    Raises:
        RefusedError: the type is not supported.
    """
    name = cursor.next().word
    if name in _PLAIN:
        return ColumnType(_PLAIN[name])
    if name in {"CHARACTER", "NATIONAL"} and cursor.take("VARYING"):
        name = "VARCHAR"
    if name in _TEXT:
        return _text(cursor, *_TEXT[name])
    if name in {"DECIMAL", "NUMERIC"}:
        return ColumnType(f"numeric({_digits(cursor)})")
    if name == "DOUBLE":
        cursor.need("PRECISION")
        return ColumnType("double precision")
    if name in {"TIMESTAMP", "TIME"}:
        return ColumnType(name.lower() + _zone(cursor))
    raise RefusedError(f"type {name.lower()} is not supported by the local Redshift")


def _text(cursor: Cursor, name: str, default: int) -> ColumnType:
    length = default
    if cursor.peek() == "(":
        cursor.need("(")
        length = _LONGEST if cursor.take("MAX") else cursor.integer()
        cursor.need(")")
    return ColumnType(f"{name}({length})", length if name == "varchar" else None)


def _digits(cursor: Cursor) -> str:
    return ",".join(cursor.names()) if cursor.peek() == "(" else "18,0"


def _zone(cursor: Cursor) -> str:
    if cursor.take("WITH", "TIME", "ZONE"):
        return " with time zone"
    cursor.take("WITHOUT", "TIME", "ZONE")
    return ""
