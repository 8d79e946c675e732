"""The scale of a computed NUMERIC, which is part of its type in Redshift but not in PostgreSQL.

Belongs here: PostgreSQL's parse tree, as debug_print_parse and pg_rewrite write it, and AWS's rules
for the scale of sums, products and CASE.
https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html. The scale of
others (a quotient, AVG, a parameter) is unknown. Does not belong here: getting the tree
(described.py).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

_TOKEN = re.compile(r'[{}()]|\[[^\]]*\]|"(?:\\.|[^"\\])*"|(?:\\.|[^\s(){}\\])+', re.DOTALL)
_TYPMOD_HEADER, _SCALE_BITS = 4, 0x7FF
_NUMERIC, _INTEGERS = "1700", {"20", "21", "23"}
_TYPES = (
    "vartype", "consttype", "opresulttype", "funcresulttype", "aggtype", "wintype", "paramtype",
    "coalescetype", "casetype", "minmaxtype",
)  # fmt: skip

# OIDs of PostgreSQL's own functions do not change between its versions
_LARGEST_OF_ARGUMENTS = {"1724", "1725", "1729"}  # + - %
_TIMES = "1726"
_OF_FIRST_ARGUMENT = {
    "1771", "1915", "1705",  # - + abs
    "2114", "2130", "2146",  # sum max min
    "3106", "3107", "3109", "3110", "3112", "3113", "3114",  # lag lead first_value ...
}  # fmt: skip
_WHOLE = {
    "1740", "1781", "1782",  # from int, bigint, smallint
    "1708", "1710", "1711", "1712", "2167", "2107",  # round trunc ceil floor ceiling sum(bigint)
}  # fmt: skip
_CAST, _ROUNDED = "1703", {"1707", "1709"}

Node = dict[str, list[Any]]


class ViewNeededError(Exception):
    """The tree of a view is needed first."""

    def __init__(self, relation: str) -> None:
        self.relation = relation
        super().__init__(relation)


def tree_of(text: str) -> Any:
    """Return a node tree as PostgreSQL writes it: a node's name is under the empty key."""
    tokens = iter(_TOKEN.findall(text))
    return _item(next(tokens), tokens)


def _item(text: str, tokens: Iterator[str]) -> Any:
    if text == "(":
        return [_item(each, tokens) for each in iter(partial(next, tokens), ")")]
    if text != "{":
        return text
    node: Node = {"": [next(tokens)]}
    field = node[""]
    for each in iter(partial(next, tokens), "}"):
        if each.startswith(":"):
            field = node.setdefault(each[1:], [])
        else:
            field.append(_item(each, tokens))
    return node


def scales_of(query: Node, views: Mapping[str, Node]) -> list[int | None]:
    """Return the scale of each column of a query, where it is known."""
    entries = [e for e in _list(query, "targetList") if e["resjunk"] == ["false"]]
    scales = _Scales(views)
    return [scales.column(query, index + 1, [query]) for index, _ in enumerate(entries)]


class _Scales:
    """The scales of one statement's expressions; `queries` are those around, innermost first."""

    def __init__(self, views: Mapping[str, Node]) -> None:
        self._views = views
        self._within: list[tuple[int, int]] = []

    def column(self, query: Node, number: int, queries: Sequence[Node]) -> int | None:
        if (id(query), number) in self._within:
            return None  # a recursive query
        self._within.append((id(query), number))
        try:
            operation = query["setOperations"][0]
            if isinstance(operation, dict):
                return self._united(operation, number, query, queries)
            entries = (e for e in _list(query, "targetList") if e["resno"] == [str(number)])
            return self._of(next(entries)["expr"][0], queries)
        finally:
            self._within.pop()

    def _united(self, node: Node, number: int, query: Node, queries: Sequence[Node]) -> int | None:
        if node[""] == ["RANGETBLREF"]:
            arm = _list(query, "rtable")[int(node["rtindex"][0]) - 1]["subquery"][0]
            return self.column(arm, number, [arm, *queries])
        sides = (node["larg"][0], node["rarg"][0])
        return _largest([self._united(side, number, query, queries) for side in sides])

    def _of(self, node: Any, queries: Sequence[Node]) -> int | None:
        if not isinstance(node, dict):
            return 0  # a CASE without ELSE
        if any(node[each][0] in _INTEGERS for each in _TYPES if each in node):
            return 0
        rule = getattr(self, f"_{node[''][0].lower()}", None)
        return rule(node, queries) if rule else None

    def _all(self, nodes: Sequence[Any], queries: Sequence[Node]) -> int | None:
        return _largest([self._of(node, queries) for node in nodes])

    def _const(self, node: Node, _queries: Sequence[Node]) -> int | None:
        if node["constisnull"] == ["true"]:
            return 0
        return _scale_in(_bytes(node)) if node["consttype"] == [_NUMERIC] else None

    def _var(self, node: Node, queries: Sequence[Node]) -> int | None:
        if (modifier := int(node["vartypmod"][0])) >= _TYPMOD_HEADER:
            return modifier - _TYPMOD_HEADER & _SCALE_BITS
        around = queries[int(node["varlevelsup"][0]) :]
        number = int(node["varattno"][0])
        relation = _list(around[0], "rtable")[int(node["varno"][0]) - 1]
        if "subquery" in relation:
            inner = relation["subquery"][0]
            return self.column(inner, number, [inner, *around])
        if "ctename" in relation:
            return self._common(relation, number, around)
        if "values_lists" in relation:
            rows = relation["values_lists"][0]
            return self._all([row[number - 1] for row in rows], around)
        for expressions in {"joinaliasvars", "groupexprs"} & relation.keys():
            return self._of(_list(relation, expressions)[number - 1], around)
        return self._view(relation, number) if relation.get("relkind") == ["v"] else None

    def _common(self, relation: Node, number: int, queries: Sequence[Node]) -> int | None:
        around = queries[int(relation["ctelevelsup"][0]) :]
        name = relation["ctename"]
        found = next(e for e in _list(around[0], "cteList") if e["ctename"] == name)
        inner = found["ctequery"][0]
        return self.column(inner, number, [inner, *around])

    def _view(self, relation: Node, number: int) -> int | None:
        name = relation["relid"][0]
        if name not in self._views:
            raise ViewNeededError(name)
        return self.column(self._views[name], number, [self._views[name]])

    def _call(self, function: str, arguments: list[Any], queries: Sequence[Node]) -> int | None:
        if function in _WHOLE:
            return 0
        if function in _OF_FIRST_ARGUMENT:
            return self._of(arguments[0], queries)
        if function in _LARGEST_OF_ARGUMENTS:
            return self._all(arguments, queries)
        if function == _TIMES:
            scales = [self._of(argument, queries) for argument in arguments]
            return None if None in scales else sum(filter(None, scales))
        return self._to_digits(function, arguments)

    def _to_digits(self, function: str, arguments: list[Any]) -> int | None:
        digits = arguments[1] if function == _CAST or function in _ROUNDED else None
        if not isinstance(digits, dict) or digits[""] != ["CONST"]:
            return None
        number = int.from_bytes(_bytes(digits)[:4], "little", signed=True)
        return number - _TYPMOD_HEADER & _SCALE_BITS if function == _CAST else max(number, 0)

    def _opexpr(self, node: Node, queries: Sequence[Node]) -> int | None:
        return self._call(node["opfuncid"][0], _list(node, "args"), queries)

    def _funcexpr(self, node: Node, queries: Sequence[Node]) -> int | None:
        return self._call(node["funcid"][0], _list(node, "args"), queries)

    def _aggref(self, node: Node, queries: Sequence[Node]) -> int | None:
        arguments = [entry["expr"][0] for entry in _list(node, "args")]
        around = queries[int(node["agglevelsup"][0]) :]
        return self._call(node["aggfnoid"][0], arguments, around)

    def _windowfunc(self, node: Node, queries: Sequence[Node]) -> int | None:
        return self._call(node["winfnoid"][0], _list(node, "args"), queries)

    def _coalesce(self, node: Node, queries: Sequence[Node]) -> int | None:
        return self._all(_list(node, "args"), queries)

    _coalesceexpr = _minmax = _minmaxexpr = _coalesce

    def _nullifexpr(self, node: Node, queries: Sequence[Node]) -> int | None:
        return self._of(_list(node, "args")[0], queries)

    def _case(self, node: Node, queries: Sequence[Node]) -> int | None:
        results = [when["result"][0] for when in _list(node, "args")]
        return self._all([*results, node["defresult"][0]], queries)

    _caseexpr = _case

    def _sublink(self, node: Node, queries: Sequence[Node]) -> int | None:
        inner = node["subselect"][0]
        return self.column(inner, 1, [inner, *queries])


def _largest(scales: Sequence[int | None]) -> int | None:
    return None if None in scales else max(filter(None, scales), default=0)


def _list(node: Node, field: str) -> list[Any]:
    found = node[field][0]
    return found if isinstance(found, list) else []


def _bytes(node: Node) -> bytes:
    return bytes(int(each) & 0xFF for each in node["constvalue"][-1].strip("[] ").split())


def _scale_in(value: bytes) -> int:
    """Return the display scale in a number's header (numeric.c, NUMERIC_DSCALE)."""
    start = 1 if value[0] & 1 else 4
    header = int.from_bytes(value[start : start + 2], "little")
    return (header & 0x1F80) >> 7 if header & 0x8000 else header & 0x3FFF
