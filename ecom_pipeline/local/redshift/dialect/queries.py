"""Queries and DML, through sqlglot: parsed as Redshift, written as PostgreSQL.

Belongs here: what the two dialects write differently, and refusals of what would silently be
wrong. Functions with another meaning in PostgreSQL keep their names and are defined in the database
(functions.sql): sqlglot alone is wrong in 12 of 33 value checks. Does not belong here: DDL.
"""

import functools
from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.expressions.core import Expression

from ecom_pipeline.local.redshift.dialect import aliases
from ecom_pipeline.local.redshift.dialect.statement import RefusedError, Run

_KEPT = [
    "ADD_MONTHS", "CHARINDEX", "CONVERT_TIMEZONE", "GETDATE", "ISNULL",
    "JSON_EXTRACT_PATH_TEXT", "LAST_DAY", "LEN", "MEDIAN", "MONTHS_BETWEEN", "NVL2",
    "REGEXP_COUNT", "REGEXP_INSTR", "REGEXP_SUBSTR", "STRTOL", "TO_HEX", "TRUNC",
]  # fmt: skip
_FOREIGN_SYNTAX: dict[type[Expression], str] = {
    exp.Returning: "RETURNING is not supported by Amazon Redshift",
    exp.OnConflict: "ON CONFLICT is not supported by Amazon Redshift: DELETE, then INSERT",
    exp.Filter: "FILTER is not supported by Amazon Redshift: use CASE inside the aggregate",
    exp.Array: "arrays are not supported by Amazon Redshift",
    exp.Pivot: "PIVOT is not supported by the local Redshift: use CASE inside aggregates",
    exp.IgnoreNulls: "IGNORE NULLS is not supported by the local Redshift",
}


def translate_query(sql: str, expanded: frozenset[str] = frozenset()) -> Run:
    """Return a Redshift query or DML statement in PostgreSQL's SQL, some aliases expanded."""
    tree = _parsed(sql)
    left = aliases.expand(tree, expanded)
    return Run(_written(tree.transform(_rewrite, copy=False)), left)


def translate_expression(sql: str) -> str:
    """Return one expression, such as a column's default, in PostgreSQL's SQL."""
    return translate_query(f"SELECT {sql}").sql.removeprefix("SELECT ")


def _parsed(sql: str) -> Expression:
    try:
        trees = _Reader().parse(sql)
    except SqlglotError as error:
        raise RefusedError(f"syntax error: {str(error).splitlines()[0]}") from None
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, Expression):
        raise RefusedError("only one statement at a time")
    if isinstance(tree, exp.Command):
        raise RefusedError(f"{tree.name.upper()} is not supported by the local Redshift")
    return tree


def _written(tree: Expression) -> str:
    return _Writer().generate(tree, comments=False, unsupported_level=ErrorLevel.IGNORE)


def _kept(name: str) -> Callable[[list[Any]], exp.Anonymous]:
    return lambda arguments: exp.Anonymous(this=name.lower(), expressions=list(arguments))


def _with_unit(name: str) -> Callable[[list[Any]], exp.Anonymous]:
    """Return the parser of a function whose first argument is a date part, quoted or not."""

    def build(arguments: list[Any]) -> exp.Anonymous:
        unit, *others = arguments
        if not unit.name:
            raise RefusedError(f"{name} needs a date part as its first argument")
        part = exp.Literal.string(unit.name.lower())
        return exp.Anonymous(this=name, expressions=[part, *others])

    return build


class _Reader(Redshift):
    class Parser(Redshift.Parser):
        FUNCTIONS = {  # noqa: RUF012 - declares a dialect of sqlglot
            **Redshift.Parser.FUNCTIONS,
            **{name: _kept(name) for name in _KEPT},
            "DATEADD": _with_unit("dateadd"),
            "DATE_ADD": _with_unit("dateadd"),
            "DATEDIFF": _with_unit("datediff"),
            "DATE_DIFF": _with_unit("datediff"),
        }


class _Written(Expression):
    """A piece of SQL that is already PostgreSQL's."""

    arg_types = {"this": True}  # noqa: RUF012 - declares a node of sqlglot


class _Writer(Postgres):
    class Generator(Postgres.Generator):
        TRANSFORMS = {  # noqa: RUF012 - declares a dialect of sqlglot
            **Postgres.Generator.TRANSFORMS,
            _Written: lambda _generator, node: node.this,
            exp.ApproxDistinct: lambda generator, node: (
                f"COUNT(DISTINCT {generator.sql(node, 'this')})"
            ),
        }


def _rewrite(node: Expression) -> Expression:
    _refuse(node)
    rewrite = _REWRITES.get(type(node))
    return rewrite(node) if rewrite else node


def _refuse(node: Expression) -> None:
    """Refuse what PostgreSQL would run and Amazon Redshift would not, or not in the same way."""
    if why := _FOREIGN_SYNTAX.get(type(node)):
        raise RefusedError(why)
    if isinstance(node, exp.Distinct) and node.args.get("on"):
        raise RefusedError("DISTINCT ON is not supported by Amazon Redshift: use ROW_NUMBER()")
    if isinstance(node, exp.Star) and node.args.get("except_"):
        raise RefusedError("SELECT * EXCLUDE is not supported by the local Redshift")


def _listagg(node: Expression) -> Expression:
    """Write LISTAGG(x, ',') WITHIN GROUP (ORDER BY y) as listagg(x::text, ',' ORDER BY y)."""
    grouped, order = node.this, node.args["expression"]
    if not isinstance(grouped, exp.GroupConcat):
        if isinstance(node.parent, exp.Window):
            raise RefusedError(f"{grouped.key} OVER is not supported by the local Redshift")
        return node
    if isinstance(node.parent, exp.Window):
        raise RefusedError("LISTAGG OVER is not supported by the local Redshift: use GROUP BY")
    return _concatenated(grouped, f" {_written(order).strip()}")


def _bare_listagg(node: Expression) -> Expression:
    return node if isinstance(node.parent, exp.WithinGroup) else _concatenated(node, "")


def _concatenated(node: Expression, order: str) -> Expression:
    value, separator = node.this, node.args.get("separator")
    distinct = ""
    if isinstance(value, exp.Distinct):
        distinct, parts = "DISTINCT ", value.expressions
        value, separator = parts[0], (parts[1] if len(parts) > 1 else separator)
        order = f" ORDER BY ({_written(value)})::text"
    between = _written(separator) if separator else "''"
    return _Written(this=f"LISTAGG({distinct}({_written(value)})::text, {between}{order})")


def _window(node: Expression) -> Expression:
    """Write RATIO_TO_REPORT, which PostgreSQL lacks and a function can't express."""
    inner = node.this
    if not (isinstance(inner, exp.Anonymous) and inner.name.upper() == "RATIO_TO_REPORT"):
        return node
    value = inner.expressions[0]
    inner.replace(exp.Sum(this=value.copy()))
    return _Written(this=f"(({_written(value)})::float8 / {_written(node)})")


def _concat(node: Expression) -> Expression:
    """Write CONCAT, which is NULL with a NULL in Redshift."""
    joined = functools.reduce(
        lambda left, right: exp.DPipe(this=left, expression=right), node.expressions
    )
    return exp.Paren(this=joined)


def _sysdate(node: Expression) -> Expression:
    return exp.Anonymous(this="sysdate") if node.args.get("sysdate") else node


def _version(_node: Expression) -> Expression:
    return exp.Anonymous(this="redshift_version")


def _merge(node: Expression) -> Expression:
    if isinstance(node.args["using"], exp.Subquery):
        raise RefusedError("MERGE takes its rows from a table, not from a subquery")
    return node


_REWRITES: dict[type[Expression], Callable[[Expression], Expression]] = {
    exp.WithinGroup: _listagg,
    exp.GroupConcat: _bare_listagg,
    exp.Window: _window,
    exp.Concat: _concat,
    exp.CurrentTimestamp: _sysdate,
    exp.CurrentVersion: _version,
    exp.Merge: _merge,
}
