"""One connection to PostgreSQL for the proxy's own statements.

Belongs here: starting it, running SQL, feeding a COPY. Does not belong here: relaying a client's
messages (session.py).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from ecom_pipeline.local.redshift import wire
from ecom_pipeline.local.redshift.errors import BackendError

CLIENT = "awsuser"  # the role of every client, whatever user it gives
SUPERUSER = "postgres"  # for the proxy's own statements; could run programs, so not for clients
_BUFFER = 1 << 20
_PIECE = 1 << 18


@dataclass(slots=True)
class Answer:
    """The result of a statement of the proxy."""

    rows: list[list[str | None]] = field(default_factory=list)
    tag: str = ""


class Backend:
    """A started connection; `status` is I (idle), T (in a transaction) or E (aborted)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.messages = wire.MessageReader(reader)
        self.writer = writer
        self.status = b"I"

    @classmethod
    async def open(cls, socket: Path) -> "Backend":
        """Connect without sending anything."""
        return cls(*await asyncio.open_unix_connection(str(socket), limit=_BUFFER))

    async def start(self, user: str, parameters: wire.Fields) -> list[tuple[bytes, bytes]]:
        """Start the connection and return PostgreSQL's messages for the client.

        Raises:
            BackendError: PostgreSQL refused the connection.
        """
        self.writer.write(wire.startup(parameters | {"user": user}))
        said: list[tuple[bytes, bytes]] = []
        while True:
            kind, body = await self.messages.message()
            if kind == b"E":
                raise BackendError(body)
            if kind == b"Z":
                return said
            said.append((kind, body))

    async def run(self, sql: str, feed: AsyncIterator[bytes] | None = None) -> Answer:
        """Run SQL of the proxy; `feed` yields the bytes of a COPY FROM STDIN."""
        self.writer.write(wire.query(sql))
        answer = Answer()
        failure: BackendError | None = None
        sender: asyncio.Task[None] | None = None
        try:
            while True:
                kind, body = await self.messages.message()
                if kind == b"D":
                    answer.rows.append(wire.row_of(body))
                elif kind == b"C":
                    answer.tag = body[:-1].decode()
                elif kind == b"G" and feed is not None:
                    sender = asyncio.create_task(self._send(feed))
                elif kind == b"E":
                    failure = BackendError(body)
                    await _stop(sender)
                elif kind == b"Z":
                    self.status = body
                    break
        except asyncio.CancelledError:
            await _stop(sender)
            raise
        await _outcome(sender, failure)
        return answer

    async def _send(self, feed: AsyncIterator[bytes]) -> None:
        """Send a COPY's bytes; if the source fails, make PostgreSQL abort the COPY."""
        complete = False
        try:
            async for chunk in feed:
                for start in range(0, len(chunk), _PIECE):
                    self.writer.write(wire.message(b"d", chunk[start : start + _PIECE]))
                    await self.writer.drain()
            complete = True
        finally:
            reason = b"the source failed\0"
            self.writer.write(wire.message(b"c") if complete else wire.message(b"f", reason))

    def close(self) -> None:
        """Close the connection; PostgreSQL rolls back an open transaction."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(wire.message(b"X"))
        self.writer.close()


async def _stop(sender: asyncio.Task[None] | None) -> None:
    if sender and not sender.done():
        sender.cancel()
        await asyncio.wait([sender])


async def _outcome(sender: asyncio.Task[None] | None, failure: BackendError | None) -> None:
    """Raise the first failure: of a COPY's source, or of PostgreSQL."""
    if sender and not sender.cancelled():
        await sender
    if failure:
        raise failure
