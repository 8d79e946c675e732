"""One client's connection: its messages to PostgreSQL, the responses back.

Belongs here: the protocol's flow. PostgreSQL keeps all state; only the text of Parse and Query
changes, and what PostgreSQL can't do (COPY from S3, TRUNCATE's commit) is done in its place.
Does not belong here: SQL (dialect/), loading (load.py), starting a connection (proxy.py).
"""

import asyncio
from collections.abc import Awaitable, Callable

from ecom_pipeline.local.redshift import wire
from ecom_pipeline.local.redshift.backend import Backend
from ecom_pipeline.local.redshift.described import Described
from ecom_pipeline.local.redshift.dialect.lexer import statements_of, tokens_of
from ecom_pipeline.local.redshift.dialect.statement import (
    Copy,
    RefusedError,
    Run,
    Statement,
    Truncate,
)
from ecom_pipeline.local.redshift.dialect.translate import translate
from ecom_pipeline.local.redshift.errors import BackendError, LoadError
from ecom_pipeline.local.redshift.lateral import resolve
from ecom_pipeline.local.redshift.relay import Relay, internal

_WAITING = 1000  # messages that a client may send ahead
_PLACEHOLDER = "LISTEN placeholder"  # parsed and described in place of a COPY, never executed
_TERMINATE = b"X"
_ENDS = {b"S", b"Q"}  # a client waits for ReadyForQuery after these

CopyFunction = Callable[[Copy, Backend], Awaitable[int]]


class Session:
    """A client after its start-up."""

    def __init__(
        self,
        client: tuple[wire.MessageReader, asyncio.StreamWriter],
        backend: Backend,
        copy: CopyFunction,
        *,
        knows_redshift: bool,
        protocol: int = 0,
    ) -> None:
        self._incoming, self._client = client
        self._backend = backend
        self._copy = copy
        self._knows_redshift = knows_redshift
        self._described = Described(backend, protocol)
        self._ours: dict[str, Statement] = {}  # prepared statements that PostgreSQL does not run
        self._portals: dict[str, Statement] = {}
        self._relay = Relay(self._client, backend, self._described)

    async def serve(self) -> None:
        """Serve until the client disconnects; its running statement is then cancelled."""
        inbox: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue(_WAITING)
        reading = asyncio.create_task(self._read(inbox))
        working = asyncio.create_task(self._work(inbox))
        try:
            await asyncio.wait({reading, working}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            working.cancel()
            await asyncio.wait({reading, working})
        if not working.cancelled():
            working.result()

    async def _read(self, inbox: asyncio.Queue[tuple[bytes, bytes]]) -> None:
        while True:
            try:
                await inbox.put(await self._incoming.message())
            except ConnectionError:
                return

    async def _work(self, inbox: asyncio.Queue[tuple[bytes, bytes]]) -> None:
        while True:
            kind, body = await inbox.get()
            if kind == _TERMINATE:
                return
            await self._handle_safely(kind, body)
            await self._client.drain()

    async def _handle_safely(self, kind: bytes, body: bytes) -> None:
        """Handle a message; an exception becomes an ErrorResponse, the connection stays open."""
        try:
            await self._handle(kind, body)
        except ConnectionError:
            raise
        except BackendError as error:
            self._relay.say(b"E", error.body)
        except Exception as error:  # noqa: BLE001 - reported to the client
            refusal = internal(error)
            await self._relay.catch_up()
            if not self._relay.failed:
                await self._relay.refuse(refusal)
        else:
            return
        if kind in _ENDS:
            self._relay.ready()

    async def _handle(self, kind: bytes, body: bytes) -> None:
        if kind == b"S":
            await self._sync()
        elif kind == b"Q":
            await self._simple(body[:-1].decode())
        elif self._relay.failed:
            return
        elif kind == b"P":
            await self._parse(body)
        elif kind == b"E" and (statement := self._portals.get(wire.text(body, 0)[0])):
            await self._execute(statement)
        elif kind == b"H":
            await self._relay.catch_up()
        elif kind == b"D" and self._described.active:
            await self._describe(body)
        else:
            await self._forward(kind, body)

    # The extended protocol: Parse, Bind, Describe, Execute, Sync.

    async def _parse(self, body: bytes) -> None:
        name, offset = wire.text(body, 0)
        sql, offset = wire.text(body, offset)
        try:
            statement = await self._translated(sql)
        except RefusedError as error:
            await self._relay.catch_up()
            if not self._relay.failed:
                await self._relay.refuse(error)
            return
        self._ours.pop(name, None)
        if not isinstance(statement, Run):
            self._ours[name] = statement
        text = statement.sql if isinstance(statement, Run) else _PLACEHOLDER
        rest = f"{text}\0".encode() + body[offset:]
        self._described.parsed(name, rest)
        self._relay.send(b"P", f"{name}\0".encode() + rest)

    async def _forward(self, kind: bytes, body: bytes) -> None:
        sent = body
        if kind == b"B":
            portal, offset = wire.text(body, 0)
            name, _ = wire.text(body, offset)
            self._portals.pop(portal, None)
            if name in self._ours:
                self._portals[portal] = self._ours[name]
            if self._described.active:
                await self._relay.catch_up()
                sent = body if self._relay.failed else await self._described.bound(body)
        elif kind == b"E":
            self._described.executed(wire.text(body, 0)[0])
        elif kind == b"C" and body[:1] == b"S":
            name, _ = wire.text(body, 1)
            self._ours.pop(name, None)
            self._described.closed(name)
        if not self._relay.failed:
            self._relay.send(kind, sent)

    async def _describe(self, body: bytes) -> None:
        await self._relay.catch_up()
        if self._relay.failed:
            return
        for kind, said in await self._described.describe(body):
            self._relay.say(kind, said)

    async def _execute(self, statement: Statement) -> None:
        await self._relay.catch_up()
        if not self._relay.failed:
            await self._perform(statement)

    async def _sync(self) -> None:
        self._portals.clear()
        await self._relay.synchronize()

    # The simple protocol: a text of one or more statements.

    async def _simple(self, sql: str) -> None:
        self._relay.failed = False
        statements = [text for text in statements_of(sql) if tokens_of(text)]
        for text in statements or [""]:
            await self._simple_statement(text)
            if self._relay.failed:
                break
        self._relay.ready()

    async def _simple_statement(self, sql: str) -> None:
        try:
            statement = await self._translated(sql)
        except RefusedError as error:
            await self._relay.refuse(error)
            return
        if isinstance(statement, Run):
            await self._relay.simple(statement.sql)
        else:
            await self._perform(statement)

    # Both protocols.

    async def _translated(self, sql: str) -> Statement:
        """Translate SQL, but not the catalog queries of psql and JDBC, which are PostgreSQL's."""
        if "pg_catalog." in sql and not self._knows_redshift:
            return Run(sql)
        statement = translate(sql)
        if isinstance(statement, Run) and statement.aliases:
            await self._relay.catch_up()
            return await resolve(sql, statement, self._backend)
        return statement

    async def _perform(self, statement: Statement) -> None:
        try:
            if isinstance(statement, Copy):
                await self._load(statement)
            elif isinstance(statement, Truncate):
                await self._truncate(statement)
        except BackendError as error:
            self._relay.say(b"E", error.body)
        except LoadError as error:
            await self._relay.refuse(error)

    async def _load(self, copy: Copy) -> None:
        rows = await self._copy(copy, self._backend)
        done = (
            f"Load into table '{copy.table_name}' completed, {rows} record(s) loaded successfully."
        )
        self._client.write(wire.notice(done) + wire.message(b"C", b"COPY\0"))

    async def _truncate(self, truncate: Truncate) -> None:
        await self._backend.run(truncate.sql)
        if self._backend.status == b"T":
            await self._backend.run("COMMIT")
        self._client.write(wire.message(b"C", b"TRUNCATE TABLE\0"))
