"""Lateral column aliases: `select a * 2 as b, b + 1 as c`.

Belongs here: finding and expanding names of a select list that the same SELECT uses. Does not
belong here: which of them are columns of its tables, and so have priority; only the database has
that information (lateral.py).
"""

from sqlglot import exp
from sqlglot.expressions.core import Expr


def expand(tree: Expr, names: frozenset[str]) -> frozenset[str]:
    """Replace the names by their expressions; return the other aliases that are used so."""
    left: set[str] = set()
    for select in tree.find_all(exp.Select):
        left |= _expand_one(select, names)
    return frozenset(left)


def _expand_one(select: exp.Select, names: frozenset[str]) -> set[str]:
    left: set[str] = set()
    defined: dict[str, Expr] = {}
    clauses = [select.args.get(name) for name in ("where", "having", "qualify")]
    for part in [*select.expressions, *filter(None, clauses)]:
        for column in list(part.find_all(exp.Column)):
            name = column.name.lower()
            if column.table or name not in defined or column.parent_select is not select:
                continue
            if name in names:
                column.replace(exp.Paren(this=defined[name].copy()))
            else:
                left.add(name)
        if isinstance(part, exp.Alias):
            defined[part.alias.lower()] = part.this
    return left
