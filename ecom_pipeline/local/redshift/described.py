"""The columns of a session's prepared statements, for a driver of protocol version 1 or 2.

Belongs here: queries for the columns of a statement and for their names, and which responses must
be converted. Does not belong here: the encoding (results.py), the protocol's flow (session.py).
"""

import logging
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import starmap, zip_longest

from ecom_pipeline.local.redshift import results, scales, wire
from ecom_pipeline.local.redshift.backend import Backend
from ecom_pipeline.local.redshift.errors import BackendError
from ecom_pipeline.local.redshift.results import Convert, Field, Names
from ecom_pipeline.local.redshift.scales import ViewNeededError

_log = logging.getLogger(__name__)
_OURS = "redshift_columns"
_COLUMNS = (
    "SELECT c.oid, a.attnum, n.nspname, c.relname, a.attname, current_database(),"
    " NOT a.attnotnull, a.attidentity <> '' FROM pg_attribute a"
    " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE (c.oid, a.attnum) IN ({})"
)
_COMPLETE = frozenset(b"CIs")  # each ends the response to an Execute
_DESCRIBED, _CLOSED = frozenset(b"TnE"), frozenset(b"3E")
_VIEW = "SELECT ev_action FROM pg_rewrite WHERE ev_class = {} AND rulename = '_RETURN'"
# a tree is sent as a message of level LOG; the client's own level is restored afterwards
_SHOW_TREES = (
    "SELECT set_config('redshift.messages', current_setting('client_min_messages'), false),"
    " set_config('client_min_messages', 'log', false),"
    " set_config('debug_pretty_print', 'off', false), set_config('debug_print_parse', 'on', false)"
)
_HIDE_TREES = (
    "SELECT set_config('debug_print_parse', 'off', false),"
    " set_config('client_min_messages', current_setting('redshift.messages'), false)"
)


class Described:
    """The columns of a session's statements, and the conversions its portals need."""

    def __init__(self, backend: Backend, protocol: int) -> None:
        self._backend = backend
        self._protocol = protocol
        self._parsed: dict[str, bytes] = {}  # what followed a statement's name in its Parse
        self._fields: dict[str, list[Field]] = {}
        self._portals: dict[str, tuple[list[Field], list[Convert | None]]] = {}
        self._executing: deque[list[Convert | None]] = deque()

    @property
    def active(self) -> bool:
        """Whether the driver needs more than PostgreSQL's own protocol."""
        return self._protocol >= results.EXTENDED

    def parsed(self, statement: str, rest: bytes) -> None:
        """Remember the text and parameter types of a statement."""
        self._parsed[statement] = rest
        self._fields.pop(statement, None)

    def closed(self, statement: str) -> None:
        """Forget a statement; the driver uses a new name for each."""
        self._parsed.pop(statement, None)
        self._fields.pop(statement, None)

    async def describe(self, body: bytes) -> list[tuple[bytes, bytes]]:
        """Return the responses to a Describe; no other response may be outstanding."""
        said = await self._ask([(b"D", body)], _DESCRIBED)
        kind, found = said[-1]
        if kind == b"E":
            return said
        fields = results.fields_of(found) if kind == b"T" else []
        name, _ = wire.text(body, 1)
        if body[:1] == b"S":
            fields = self._fields[name] = await self._typed(fields, name)
        else:
            fields = self._as_bound(fields, name)
        if kind == b"T":
            said[-1] = kind, await self._description(fields)
        return said

    async def bound(self, body: bytes) -> bytes:
        """Return the Bind to send to PostgreSQL, and remember how to convert its portal's rows."""
        portal, offset = wire.text(body, 0)
        statement, offset = wire.text(body, offset)
        self._portals.pop(portal, None)
        if self._protocol < results.BINARY:
            return body
        if statement not in self._fields:
            kind, found = (await self.describe(b"S" + statement.encode() + b"\0"))[-1]
            if kind == b"E":
                raise BackendError(found)
        fields = self._fields[statement]
        end, formats = results.formats_of(body, offset, len(fields))
        if len(formats) != len(fields):
            return body  # PostgreSQL reports what is wrong with it
        self._portals[portal] = fields, results.converters(fields, formats)
        return body[:end] + results.postgres_formats(fields, formats)

    def executed(self, portal: str) -> None:
        """Expect the rows of a portal next."""
        _, convert = self._portals.get(portal, ([], []))
        if convert or self._executing:
            self._executing.append(convert)

    def synchronized(self) -> None:
        """No response is outstanding."""
        self._executing.clear()

    def passed(self, plain: bytes, *, simple: bool) -> bytes:
        """Return PostgreSQL's responses in the driver's protocol version."""
        if not self._executing and not (simple and self.active):
            return plain
        return b"".join(starmap(self._passed, _messages(plain)))

    def _passed(self, kind: bytes, whole: bytes) -> bytes:
        body = whole[5:]
        if kind == b"T":
            fields = [field.typed() for field in results.fields_of(body)]
            return wire.message(kind, results.description(fields, [Names()] * len(fields)))
        if kind == b"D" and self._executing and self._executing[0]:
            return wire.message(kind, results.converted(body, self._executing[0]))
        if kind[0] in _COMPLETE and self._executing:
            self._executing.popleft()
        return whole

    def _as_bound(self, fields: list[Field], portal: str) -> list[Field]:
        """Return a portal's columns as bound: PostgreSQL sends numbers as text."""
        typed, convert = self._portals.get(portal, ([], []))
        return [
            replace(field, modifier=own.modifier, format=1 if each else field.format)
            for field, own, each in zip(fields, typed or fields, convert or fields, strict=True)
        ]

    async def _typed(self, fields: list[Field], statement: str) -> list[Field]:
        """Return the columns, each computed number with the scale that it has in Redshift."""
        if self._protocol < results.BINARY or not any(field.needs_scale for field in fields):
            return [field.typed() for field in fields]
        found = await self._scales(self._parsed.get(statement, b""))
        return [field.typed(scale) for field, scale in zip_longest(fields, found)]

    async def _scales(self, parse: bytes) -> list[int | None]:
        """Return the scales by PostgreSQL's parse tree, read in the client's transaction."""
        name = _OURS.encode() + b"\0"
        asked = [*_run(_SHOW_TREES), (b"P", name + parse), (b"C", b"S" + name), *_run(_HIDE_TREES)]
        said = await self._ask(asked, _CLOSED, times=5)
        notices = [wire.fields_of(body) for kind, body in said if kind == b"N"]
        trees = [fields["D"] for fields in notices if fields.get("M") == "parse tree:"]
        try:
            return await self._scales_in(trees[0])
        except (LookupError, StopIteration, TypeError, ValueError, RecursionError) as error:
            _log.warning("parse tree not understood", extra={"error": type(error).__name__})
            return []

    async def _scales_in(self, tree: str) -> list[int | None]:
        query, views = scales.tree_of(tree), dict[str, scales.Node]()
        while True:
            try:
                return scales.scales_of(query, views)
            except ViewNeededError as error:
                (row,) = await self._rows(_VIEW.format(error.relation))
                (views[error.relation],) = scales.tree_of(str(row[0]))

    async def _description(self, fields: list[Field]) -> bytes:
        known = await self._names({(f.table, f.number) for f in fields if f.table})
        named = [known.get((f.table, f.number), Names()) for f in fields]
        return results.description(fields, named)

    async def _names(self, columns: set[tuple[int, int]]) -> dict[tuple[int, int], Names]:
        """Query in the client's own transaction, which may have created the table."""
        if not columns:
            return {}
        wanted = ", ".join(f"({table}, {number})" for table, number in sorted(columns))
        return {
            (int(row[0] or 0), int(row[1] or 0)): Names(
                str(row[2]), str(row[3]), str(row[4]), str(row[5]), row[6] == "t", row[7] == "t"
            )
            for row in await self._rows(_COLUMNS.format(wanted))
        }

    async def _rows(self, sql: str) -> list[list[str | None]]:
        said = await self._ask([*_run(sql)], _CLOSED, times=2)
        return [wire.row_of(body) for kind, body in said if kind == b"D"]

    async def _ask(
        self, messages: list[tuple[bytes, bytes]], last: frozenset[int], times: int = 1
    ) -> list[tuple[bytes, bytes]]:
        """Send messages and return the responses, up to the last one or an error."""
        for kind, body in [*messages, (b"H", b"")]:
            self._backend.writer.write(wire.message(kind, body))
        said: list[tuple[bytes, bytes]] = []
        while times:
            said.append(await self._backend.messages.message())
            times -= said[-1][0][0] in last
            if said[-1][0] == b"E" and last == _CLOSED:
                raise BackendError(said[-1][1])
        return said


def _run(sql: str) -> Iterator[tuple[bytes, bytes]]:
    """Return the messages that run one of the proxy's own statements within the client's batch."""
    name = _OURS.encode() + b"\0"
    yield b"P", name + sql.encode() + b"\0" + struct.pack("!H", 0)
    yield b"B", name + name + struct.pack("!HHH", 0, 0, 0)
    yield b"E", name + struct.pack("!I", 0)
    yield b"C", b"P" + name
    yield b"C", b"S" + name


def _messages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Return whole messages with their headers, and the kind of each."""
    offset = 0
    while offset < len(data):
        end = offset + 1 + struct.unpack_from("!I", data, offset + 1)[0]
        yield data[offset : offset + 1], data[offset:end]
        offset = end
