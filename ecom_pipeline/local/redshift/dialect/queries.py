"""Queries and DML, through sqlglot: parsed as Redshift, written as PostgreSQL.

Belongs here: what the two dialects write differently, and refusals of what would silently be
wrong. Functions with another meaning in PostgreSQL keep their names and are defined in the database
(functions.sql): sqlglot alone is wrong in 12 of 33 value checks. sqlglot is not subclassed, because
its compiled form (`sqlglot[c]`, `sqlglot[rs]`) can't be. Does not belong here: DDL, QUALIFY
(qualify.py), lateral aliases (aliases.py).
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.expressions.core import Expr

from ecom_pipeline.local.redshift.dialect import aliases, qualify
from ecom_pipeline.local.redshift.dialect.lexer import Token, text_of, tokens_of
from ecom_pipeline.local.redshift.dialect.statement import RefusedError, Run

# with this prefix, sqlglot parses a function of Redshift's as an unknown one and keeps it
_PREFIX = "redshift$"
_KEPT = {
    "ADD_MONTHS", "CHARINDEX", "CONVERT_TIMEZONE", "GETDATE", "ISNULL",
    "JSON_EXTRACT_PATH_TEXT", "LAST_DAY", "LEN", "MEDIAN", "MONTHS_BETWEEN", "NVL2",
    "REGEXP_COUNT", "REGEXP_INSTR", "REGEXP_SUBSTR", "STRTOL", "TO_HEX", "TRUNC",
}  # fmt: skip
_BIGINT_DIGITS = 16  # hexadecimal digits of 64 bits
_WITH_UNIT = {
    "dateadd": "dateadd", "date_add": "dateadd", "datediff": "datediff", "date_diff": "datediff",
}  # fmt: skip
_FOREIGN_SYNTAX: dict[type[Expr], str] = {
    exp.Returning: "RETURNING is not supported by Amazon Redshift",
    exp.OnConflict: "ON CONFLICT is not supported by Amazon Redshift: DELETE, then INSERT",
    exp.Filter: "FILTER is not supported by Amazon Redshift: use CASE inside the aggregate",
    exp.Array: "arrays are not supported by Amazon Redshift",
    exp.Pivot: "PIVOT is not supported by the local Redshift: use CASE inside aggregates",
    exp.IgnoreNulls: "IGNORE NULLS is not supported by the local Redshift",
}


def translate_query(sql: str, expanded: frozenset[str] = frozenset()) -> Run:
    """Return a Redshift query or DML statement in PostgreSQL's SQL, some aliases expanded."""
    tree = _parsed(text_of(list(_prefixed(tokens_of(sql)))))
    left = aliases.expand(tree, expanded)
    return Run(_written(_rewritten(tree)), left)


def translate_expression(sql: str) -> str:
    """Return one expression, such as a column's default, in PostgreSQL's SQL."""
    return translate_query(f"SELECT {sql}").sql.removeprefix("SELECT ")


def _prefixed(tokens: list[Token]) -> Iterator[Token]:
    following = [*(token.word for token in tokens[1:]), ""]
    for token, after in zip(tokens, following, strict=True):
        known = token.word in _KEPT or token.text.lower() in _WITH_UNIT
        yield replace(token, text=_PREFIX + token.value) if known and after == "(" else token


def _parsed(sql: str) -> Expr:
    try:
        trees = sqlglot.parse(sql, read="redshift")
    except SqlglotError as error:
        raise RefusedError(f"syntax error: {str(error).splitlines()[0]}") from None
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, Expr):
        raise RefusedError("only one statement at a time")
    if isinstance(tree, exp.Command):
        raise RefusedError(f"{tree.name.upper()} is not supported by the local Redshift")
    return tree


def _written(tree: Expr) -> str:
    return tree.sql("postgres", comments=False, unsupported_level=ErrorLevel.IGNORE)


def _rewritten(tree: Expr) -> Expr:
    """Rewrite the leaves first, so that a rewritten node has no untranslated part."""
    for node in reversed(list(tree.walk(bfs=False))):
        new = _rewrite(node)
        if new is not node and node is tree:
            return new
        if new is not node:
            node.replace(new)
    return tree


def _rewrite(node: Expr) -> Expr:
    _refuse(node)
    rewrite = _REWRITES.get(type(node))
    return rewrite(node) if rewrite else node


def _refuse(node: Expr) -> None:
    """Refuse what PostgreSQL would run and Amazon Redshift would not, or not in the same way."""
    if why := _FOREIGN_SYNTAX.get(type(node)):
        raise RefusedError(why)
    if isinstance(node, exp.Distinct) and node.args.get("on"):
        raise RefusedError("DISTINCT ON is not supported by Amazon Redshift: use ROW_NUMBER()")
    if isinstance(node, exp.Star) and node.args.get("except_"):
        raise RefusedError("SELECT * EXCLUDE is not supported by the local Redshift")


def _named(node: Expr) -> Expr:
    """Remove the prefix of a function; the first argument of some is a date part."""
    name = node.name.lower().removeprefix(_PREFIX)
    if name == node.name.lower():
        return node
    if name == "strtol" and _is_short_md5(*node.expressions):
        number = _number_of_hex(node.expressions[0])
        return exp.alias_(number, name) if isinstance(node.parent, exp.Select) else number
    if name not in _WITH_UNIT:
        return exp.Anonymous(this=name, expressions=node.expressions)
    unit, *others = node.expressions or [exp.Null()]
    if not unit.name:
        raise RefusedError(f"{_WITH_UNIT[name]} needs a date part as its first argument")
    part = exp.Literal.string(unit.name.lower())
    return exp.Anonymous(this=_WITH_UNIT[name], expressions=[part, *others])


def _is_short_md5(*arguments: Expr) -> bool:
    """Return whether STRTOL's arguments are LEFT(MD5(...), up to 15) and 16, a digest's idiom."""
    match arguments:
        case (exp.Left(this=exp.MD5(), expression=exp.Literal() as length), exp.Literal() as base):
            return base.name == "16" and length.is_int and 0 < int(length.name) < _BIGINT_DIGITS
    return False


def _number_of_hex(digits: Expr) -> Expr:
    """Write STRTOL of hexadecimal digits without a call: a third of the time for a table."""
    padded = exp.Anonymous(
        this="lpad",
        expressions=[digits.copy(), exp.Literal.number(16), exp.Literal.string("0")],
    )
    bits = exp.DPipe(this=exp.Literal.string("x"), expression=padded)
    return exp.cast(exp.cast(exp.Paren(this=bits), exp.DataType.build("bit(64)")), "bigint")


def _table_name(node: Expr) -> Expr:
    """Remove the prefix of a table or column that has a function's name."""
    if not node.name.startswith(_PREFIX):
        return node
    return exp.to_identifier(node.name.removeprefix(_PREFIX), quoted=True)


def _listagg(node: Expr) -> Expr:
    """Write LISTAGG(x, ',') WITHIN GROUP (ORDER BY y) as listagg(x::text, ',' ORDER BY y)."""
    grouped, order = node.this, node.args["expression"]
    if not isinstance(grouped, exp.GroupConcat):
        if isinstance(node.parent, exp.Window):
            raise RefusedError(f"{grouped.key} OVER is not supported by the local Redshift")
        return node
    if isinstance(node.parent, exp.Window):
        raise RefusedError("LISTAGG OVER is not supported by the local Redshift: use GROUP BY")
    return _concatenated(grouped, order.expressions)


def _bare_listagg(node: Expr) -> Expr:
    return node if isinstance(node.parent, exp.WithinGroup) else _concatenated(node, [])


def _concatenated(node: Expr, order: Sequence[Expr]) -> Expr:
    value, between = node.this, node.args.get("separator") or exp.Literal.string("")
    if isinstance(value, exp.Distinct):
        parts = value.expressions
        between = parts[1] if len(parts) > 1 else between
        text = exp.cast(parts[0], "text")
        first, order = exp.Distinct(expressions=[text]), [exp.Ordered(this=text.copy())]
    else:
        first = exp.cast(value, "text")
    if order:
        between = exp.Order(this=between, expressions=order)
    return exp.Anonymous(this="LISTAGG", expressions=[first, between])


def _window(node: Expr) -> Expr:
    """Write RATIO_TO_REPORT, which PostgreSQL lacks and a function can't express."""
    inner = node.this
    if not (isinstance(inner, exp.Anonymous) and inner.name.upper() == "RATIO_TO_REPORT"):
        return node
    value = inner.expressions[0]
    total = node.copy()
    total.set("this", exp.Sum(this=value.copy()))
    share = exp.Div(this=exp.cast(value, "double precision"), expression=total, typed=True)
    return exp.Paren(this=share)


def _approximate(node: Expr) -> Expr:
    """Write APPROXIMATE COUNT(DISTINCT x) as the exact one."""
    return exp.Count(this=exp.Distinct(expressions=[node.this]))


def _concat(node: Expr) -> Expr:
    """Write CONCAT, which is NULL with a NULL in Redshift."""
    joined = functools.reduce(
        lambda left, right: exp.DPipe(this=left, expression=right), node.expressions
    )
    return exp.Paren(this=joined)


def _sysdate(node: Expr) -> Expr:
    return exp.Anonymous(this="sysdate") if node.args.get("sysdate") else node


def _version(_node: Expr) -> Expr:
    return exp.Anonymous(this="redshift_version")


def _merge(node: Expr) -> Expr:
    if isinstance(node.args["using"], exp.Subquery):
        raise RefusedError("MERGE takes its rows from a table, not from a subquery")
    for when in node.find_all(exp.When):
        _insert_values(when.args["then"])
    return node


def _insert_values(then: Expr) -> None:
    """INSERT VALUES (...) without columns is read by sqlglot as one column VALUES(...)."""
    columns = then.this.expressions if isinstance(then.this, exp.Tuple) else []
    if len(columns) == 1 and isinstance(columns[0], exp.Anonymous):
        then.set("expression", exp.Tuple(expressions=columns[0].expressions))
        then.set("this", None)


_REWRITES: dict[type[Expr], Callable[[Expr], Expr]] = {
    exp.Anonymous: _named,
    exp.Identifier: _table_name,
    exp.ApproxDistinct: _approximate,
    exp.Select: qualify.rewrite,
    exp.WithinGroup: _listagg,
    exp.GroupConcat: _bare_listagg,
    exp.Window: _window,
    exp.Concat: _concat,
    exp.CurrentTimestamp: _sysdate,
    exp.CurrentVersion: _version,
    exp.Merge: _merge,
}
