"""QUALIFY, rewritten as a filter on a subquery.

Belongs here: rows are filtered first, and then made distinct, sorted and limited. sqlglot's own
rewriting (30.30) leaves DISTINCT and LIMIT in the subquery, before the filter.
Does not belong here: names of the select list in the condition (aliases.py).
"""

from sqlglot import exp
from sqlglot.expressions.core import Expr

from ecom_pipeline.local.redshift.dialect.statement import RefusedError

_QUERY, _CHOSEN = "_qualified", "_chosen"
_OUTSIDE = ("with_", "distinct", "limit", "offset", "fetch")
# without a type until they are used; in a subquery they would become text
_CONSTANT = (exp.Literal, exp.Null, exp.Parameter)


def rewrite(node: Expr) -> Expr:
    """Return a SELECT with its QUALIFY as the condition of a query around it."""
    condition = node.args.get("qualify")
    if condition is None:
        return node
    if node.args.get("into"):
        raise RefusedError("SELECT INTO with QUALIFY is not supported: CREATE TABLE ... AS")
    inner: list[Expr] = []
    shown = [each for part in node.expressions for each in _shown(part, node, inner)]
    order = node.args.get("order")
    sorted_by = [_sorted(each, node, inner) for each in order.expressions] if order else []
    inner.append(exp.alias_(condition.this, _CHOSEN, quoted=True))
    outside = {*_OUTSIDE, "order", "qualify", "expressions"}
    kept = {clause: value for clause, value in node.args.items() if clause not in outside}
    subquery = exp.Subquery(
        this=exp.Select(expressions=inner, **kept),
        alias=exp.TableAlias(this=exp.to_identifier(_QUERY)),
    )
    outer = exp.Select(
        expressions=shown,
        from_=exp.From(this=subquery),
        where=exp.Where(this=exp.column(_CHOSEN, _QUERY)),
        **{clause: node.args.get(clause) for clause in _OUTSIDE},
    )
    if sorted_by:
        outer.set("order", exp.Order(expressions=sorted_by))
    return outer


def _shown(part: Expr, select: Expr, inner: list[Expr]) -> list[Expr]:
    """Return what the outer query shows for a part of the select list."""
    if isinstance(part, exp.Column) and isinstance(part.this, exp.Star):
        return [_row(part.args["table"], inner)]
    if isinstance(part, exp.Star):
        return [_row(relation, inner) for relation in _relations(select)]
    value = _value(part)
    shown = value if isinstance(value, _CONSTANT) else _hidden(value, inner)
    return [exp.alias_(shown, _name(part), quoted=True)]


def _row(relation: Expr, inner: list[Expr]) -> Expr:
    """Return all columns of a relation, as a row value: only the database has their names."""
    row = exp.Paren(this=_hidden(exp.Column(this=relation.copy()), inner))
    return exp.Dot(this=row, expression=exp.Star())


def _hidden(value: Expr, inner: list[Expr]) -> Expr:
    """Add a value to the subquery, and return the column that refers to it."""
    name = f"_{len(inner)}"
    inner.append(exp.alias_(value, name, quoted=True))
    return exp.column(name, _QUERY, quoted=True)


def _relations(select: Expr) -> list[Expr]:
    joins = select.args.get("joins") or []
    if any(join.args.get("using") or join.method for join in joins):
        raise RefusedError("* with QUALIFY and JOIN ... USING is not supported: name the columns")
    sources = [select.args["from_"].this, *(join.this for join in joins)]
    return [_relation(source) for source in sources]


def _relation(source: Expr) -> Expr:
    alias = source.args.get("alias")
    if alias and alias.this:
        return alias.this
    if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
        return source.this
    raise RefusedError("* with QUALIFY needs an alias for each relation")


def _sorted(item: Expr, select: Expr, inner: list[Expr]) -> Expr:
    """Return an item of ORDER BY; what it sorts by may be in the select list or not."""
    new = item.copy()
    by = item.this
    if isinstance(by, exp.Literal) or _names_shown(by, select):
        return new
    if select.args.get("distinct"):
        same = [_name(each) for each in select.expressions if _value(each) == by]
        if not same and not (isinstance(by, exp.Column) and select.is_star):
            raise RefusedError("for SELECT DISTINCT, ORDER BY must be in the select list")
        new.set("this", exp.column(same[0] if same else by.name, quoted=True))
    else:
        new.set("this", _hidden(by, inner))
    return new


def _names_shown(by: Expr, select: Expr) -> bool:
    names = {_name(each).lower() for each in select.expressions}
    return isinstance(by, exp.Column) and not by.table and by.name.lower() in names


def _value(part: Expr) -> Expr:
    return part.this if isinstance(part, exp.Alias) else part


def _name(part: Expr) -> str:
    """Return the name that a column of a select list has, as PostgreSQL gives it one."""
    if isinstance(part, exp.Alias | exp.Column):
        return part.output_name.lower()
    if isinstance(part, exp.Cast | exp.Paren | exp.Window | exp.WithinGroup):
        return _name(part.this)
    if isinstance(part, exp.Anonymous):
        return part.name.lower()
    if isinstance(part, exp.Case):
        return "case"
    return part.sql_name().lower() if isinstance(part, exp.Func) else "?column?"
