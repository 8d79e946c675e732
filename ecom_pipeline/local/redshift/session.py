"""One client's connection: its messages to PostgreSQL, the responses back.

Belongs here: the protocol's flow. PostgreSQL keeps all state; only the text of Parse and Query
changes, and what PostgreSQL can't do (COPY from S3, TRUNCATE's commit) is done in its place.
Does not belong here: SQL (dialect/), loading (load.py), starting a connection (proxy.py).
"""

import asyncio
from collections.abc import Awaitable, Callable

from ecom_pipeline.local.redshift import wire
from ecom_pipeline.local.redshift.backend import Backend
from ecom_pipeline.local.redshift.dialect.lexer import statements_of, tokens_of
from ecom_pipeline.local.redshift.dialect.statement import (
    Copy,
    RefusedError,
    Run,
    Statement,
    Truncate,
)
from ecom_pipeline.local.redshift.dialect.translate import translate
from ecom_pipeline.local.redshift.errors import BackendError, LoadError, as_redshift
from ecom_pipeline.local.redshift.lateral import resolve

_WAITING = 1000  # messages that a client may send ahead
_PLACEHOLDER = "LISTEN placeholder"  # parsed and described in place of a COPY, never executed
_TERMINATE = b"X"

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
    ) -> None:
        self._incoming, self._client = client
        self._backend = backend
        self._copy = copy
        self._knows_redshift = knows_redshift
        self._ours: dict[str, Statement] = {}  # prepared statements that PostgreSQL does not run
        self._portals: dict[str, Statement] = {}
        self._unanswered = 0  # messages sent to PostgreSQL without a response yet
        self._failed = False  # messages are skipped until the client's Sync

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
            await self._handle(kind, body)
            await self._client.drain()

    async def _handle(self, kind: bytes, body: bytes) -> None:
        if kind == b"S":
            await self._sync()
        elif kind == b"Q":
            await self._simple(body[:-1].decode())
        elif self._failed:
            return
        elif kind == b"P":
            await self._parse(body)
        elif kind == b"E" and (statement := self._portals.get(wire.text(body, 0)[0])):
            await self._execute(statement)
        elif kind == b"H":
            await self._catch_up()
        else:
            self._forward(kind, body)

    # The extended protocol: Parse, Bind, Describe, Execute, Sync.

    async def _parse(self, body: bytes) -> None:
        name, offset = wire.text(body, 0)
        sql, offset = wire.text(body, offset)
        try:
            statement = await self._translated(sql)
        except RefusedError as error:
            await self._catch_up()
            if not self._failed:
                await self._refuse(error)
            return
        self._ours.pop(name, None)
        if not isinstance(statement, Run):
            self._ours[name] = statement
        text = statement.sql if isinstance(statement, Run) else _PLACEHOLDER
        self._send(b"P", f"{name}\0{text}\0".encode() + body[offset:])

    def _forward(self, kind: bytes, body: bytes) -> None:
        if kind == b"B":
            portal, offset = wire.text(body, 0)
            name, _ = wire.text(body, offset)
            self._portals.pop(portal, None)
            if name in self._ours:
                self._portals[portal] = self._ours[name]
        elif kind == b"C" and body[:1] == b"S":
            self._ours.pop(wire.text(body, 1)[0], None)
        self._send(kind, body)

    async def _execute(self, statement: Statement) -> None:
        await self._catch_up()
        if not self._failed:
            await self._perform(statement)

    async def _sync(self) -> None:
        self._send(b"S")
        await self._relay(until_ready=True)
        self._say_ready()
        self._failed = False
        self._portals.clear()

    async def _catch_up(self) -> None:
        """Relay the responses to all messages that were sent to PostgreSQL."""
        if self._unanswered:
            self._backend.writer.write(wire.message(b"H"))
            await self._relay(until_ready=False)

    # The simple protocol: a text of one or more statements.

    async def _simple(self, sql: str) -> None:
        self._failed = False
        statements = [text for text in statements_of(sql) if tokens_of(text)]
        for text in statements or [""]:
            await self._simple_statement(text)
            if self._failed:
                break
        self._failed = False
        self._say_ready()

    async def _simple_statement(self, sql: str) -> None:
        try:
            statement = await self._translated(sql)
        except RefusedError as error:
            await self._refuse(error)
            return
        if isinstance(statement, Run):
            self._send(b"Q", statement.sql.encode() + b"\0")
            await self._relay(until_ready=True)
        else:
            await self._perform(statement)

    # Both protocols.

    async def _translated(self, sql: str) -> Statement:
        """Translate SQL, but not the catalog queries of psql and JDBC, which are PostgreSQL's."""
        if "pg_catalog." in sql and not self._knows_redshift:
            return Run(sql)
        statement = translate(sql)
        if isinstance(statement, Run) and statement.aliases:
            await self._catch_up()
            return await resolve(sql, statement, self._backend)
        return statement

    async def _perform(self, statement: Statement) -> None:
        try:
            if isinstance(statement, Copy):
                await self._load(statement)
            elif isinstance(statement, Truncate):
                await self._truncate(statement)
        except BackendError as error:
            self._client.write(wire.message(b"E", as_redshift(error.body)))
            self._failed = True
        except LoadError as error:
            await self._refuse(error)

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

    async def _refuse(self, error: RefusedError | LoadError) -> None:
        """Fail a statement that was not sent to PostgreSQL, and abort its transaction."""
        if self._backend.status == b"T":
            try:
                await self._backend.run("DO $$ BEGIN RAISE EXCEPTION 'refused'; END $$")
            except BackendError:
                self._failed = True
        self._client.write(wire.error(error.sqlstate, str(error)))
        self._failed = True

    async def _relay(self, *, until_ready: bool) -> None:
        """Relay PostgreSQL's responses; after an error there are none until a Sync."""
        while until_ready or self._unanswered > 0:
            passage = await self._backend.messages.passage()
            self._client.write(passage.plain)
            self._unanswered -= passage.answers
            if passage.kind == b"Z":
                self._backend.status = passage.body
                self._unanswered = 0
                return
            if passage.kind == b"E":
                self._client.write(wire.message(b"E", as_redshift(passage.body)))
                self._failed = True
                self._unanswered = 0
            await self._client.drain()

    def _send(self, kind: bytes, body: bytes = b"") -> None:
        self._backend.writer.write(wire.message(kind, body))
        self._unanswered += 1

    def _say_ready(self) -> None:
        self._client.write(wire.message(b"Z", self._backend.status))
