"""Dispatch a statement to its translation.

Belongs here: the table of statements, and the short translations. Does not belong here: queries,
DDL and COPY (the sibling modules).
"""

import functools
from collections.abc import Callable
from itertools import pairwise

from ecom_pipeline.local.redshift.dialect import copying, tables
from ecom_pipeline.local.redshift.dialect.lexer import Cursor, Token, literal, text_of, tokens_of
from ecom_pipeline.local.redshift.dialect.queries import translate_query
from ecom_pipeline.local.redshift.dialect.statement import RefusedError, Run, Statement, Truncate

_QUERIES = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "(", "VALUES"}
_UNCHANGED = {
    "ABORT", "BEGIN", "CLOSE", "COMMENT", "COMMIT", "DEALLOCATE", "DROP", "END", "FETCH", "LOCK",
    "REFRESH", "ROLLBACK", "START",
}  # fmt: skip
_FOREIGN_FUNCTIONS = {
    "ARRAY_AGG", "CLOCK_TIMESTAMP", "CURRVAL", "GENERATE_SERIES", "GEN_RANDOM_UUID",
    "JSONB_AGG", "JSON_AGG", "NEXTVAL", "PG_SLEEP", "REGEXP_MATCHES", "REGEXP_SPLIT_TO_TABLE",
    "STRING_AGG", "TO_JSON", "TO_JSONB", "UNNEST",
}  # fmt: skip
_LABELS = {"QUERY_GROUP", "WLM_QUERY_SLOT_COUNT", "ENABLE_RESULT_CACHE_FOR_SESSION"}


@functools.lru_cache(maxsize=1024)
def translate(sql: str, expanded: frozenset[str] = frozenset()) -> Statement:
    """Return the translation of one Redshift statement, with these of its aliases expanded.

    Raises:
        RefusedError: the statement is not supported.
    """
    tokens = tokens_of(sql)
    while tokens and tokens[-1].word == ";":
        tokens.pop()
    if not tokens:
        return Run("")
    if any(token.word == ";" for token in tokens):
        raise RefusedError("only one statement at a time")
    _refuse_foreign(tokens)
    cursor = Cursor(tokens)
    first = cursor.peek()
    if first in _QUERIES:
        return translate_query(cursor.text(), expanded)
    if first in _UNCHANGED:
        return Run(cursor.text())
    if first in _STATEMENTS:
        return _STATEMENTS[first](cursor)
    raise RefusedError(f"{first or tokens[0].text} is not supported by the local Redshift")


def _refuse_foreign(tokens: list[Token]) -> None:
    """Refuse functions that PostgreSQL would run and Amazon Redshift would not."""
    for token, following in pairwise(tokens):
        if following.word == "(" and token.word in _FOREIGN_FUNCTIONS:
            raise RefusedError(f"{token.value}() is not supported by Amazon Redshift")


def _truncate(cursor: Cursor) -> Truncate:
    cursor.need("TRUNCATE")
    cursor.take("TABLE")
    name = cursor.name()
    cursor.done()
    return Truncate(f"TRUNCATE {name}")


def _analyze(cursor: Cursor) -> Run:
    cursor.need("ANALYZE")
    cursor.take("VERBOSE")
    if cursor.peek() == "COMPRESSION":
        raise RefusedError("ANALYZE COMPRESSION is not supported by the local Redshift")
    if not cursor.rest or cursor.peek() in {"PREDICATE", "ALL"}:
        return Run("ANALYZE")
    return Run(f"ANALYZE {cursor.name()}")


def _vacuum(cursor: Cursor) -> Run:
    cursor.need("VACUUM")
    while cursor.take_any("FULL", "SORT", "DELETE", "ONLY", "REINDEX", "RECLUSTER"):
        pass
    return Run(f"VACUUM {cursor.name()}" if cursor.rest else "VACUUM")


def _explain(cursor: Cursor) -> Run:
    cursor.need("EXPLAIN")
    cursor.take("VERBOSE")
    return Run(f"EXPLAIN {translate_query(cursor.text()).sql}")


def _declare(cursor: Cursor) -> Run:
    cursor.need("DECLARE")
    name = cursor.name()
    cursor.need("CURSOR", "FOR")
    return Run(f"DECLARE {name} CURSOR FOR {translate_query(cursor.text()).sql}")


def _grant(cursor: Cursor) -> Run:
    """Translate GRANT: PostgreSQL has no TO ROLE, and its groups are roles."""
    words = [token for token in cursor.rest if token.word not in {"GROUP", "ROLE"}]
    return Run(text_of(words))


def _set(cursor: Cursor) -> Run:
    if cursor.peek(1) not in _LABELS:
        return Run(cursor.text())
    cursor.need("SET")
    name = cursor.next().value
    if not cursor.take_any("TO", "="):
        raise cursor.unexpected("expected TO")
    return Run(f"SET {_parameter(name)} TO {literal(cursor.next().value)}")


def _reset(cursor: Cursor) -> Run:
    labelled = cursor.peek(1) in _LABELS
    cursor.need("RESET")
    return Run(f"RESET {_parameter(cursor.text()) if labelled else cursor.text()}")


def _parameter(label: str) -> str:
    """Return the parameter that has a label; other sessions see a query group by its own."""
    return "application_name" if label.lower() == "query_group" else f"redshift.{label}"


def _show(cursor: Cursor) -> Run:
    cursor.need("SHOW")
    if cursor.take("TABLE"):
        return tables.show_table(cursor)
    if cursor.peek() in _LABELS:
        name = cursor.next().value
        return Run(f"SELECT current_setting('{_parameter(name)}', true) AS {name}")
    return Run(f"SHOW {cursor.text()}")


def _unload(_cursor: Cursor) -> Statement:
    raise RefusedError("UNLOAD is not supported by the local Redshift: SELECT the rows instead")


_STATEMENTS: dict[str, Callable[[Cursor], Statement]] = {
    "ALTER": tables.alter,
    "ANALYZE": _analyze,
    "ANALYSE": _analyze,
    "COPY": copying.copy,
    "CREATE": tables.create,
    "DECLARE": _declare,
    "EXPLAIN": _explain,
    "GRANT": _grant,
    "RESET": _reset,
    "REVOKE": _grant,
    "SET": _set,
    "SHOW": _show,
    "TRUNCATE": _truncate,
    "UNLOAD": _unload,
    "VACUUM": _vacuum,
}
