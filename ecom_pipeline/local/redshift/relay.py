"""PostgreSQL's responses relayed to a client, and the proxy's own.

Belongs here: outstanding responses, refusals, ReadyForQuery. After an error there are no responses
until the client's Sync. Does not belong here: the client's messages (session.py), the encoding of
results (results.py).
"""

import asyncio
import logging
import traceback

from ecom_pipeline.local.redshift import wire
from ecom_pipeline.local.redshift.backend import Backend
from ecom_pipeline.local.redshift.described import Described
from ecom_pipeline.local.redshift.dialect.statement import RefusedError
from ecom_pipeline.local.redshift.errors import (
    BackendError,
    InternalError,
    LoadError,
    as_redshift,
)
from ecom_pipeline.local.redshift.results import NumericOverflowError

_log = logging.getLogger(__name__)

Refusal = RefusedError | LoadError | InternalError | NumericOverflowError


class Relay:
    """Responses from one backend to its client; `failed` until the client's Sync."""

    def __init__(
        self, client: asyncio.StreamWriter, backend: Backend, described: Described
    ) -> None:
        self.failed = False
        self._client = client
        self._backend = backend
        self._described = described
        self._unanswered = 0  # messages sent to PostgreSQL without a response yet
        self._unconvertible: Refusal | None = None  # why the rest of a result is not relayed

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """Send a message of the client to PostgreSQL."""
        self._backend.writer.write(wire.message(kind, body))
        self._unanswered += 1

    async def catch_up(self) -> None:
        """Relay the responses to all messages that were sent to PostgreSQL."""
        if self._unanswered:
            self._backend.writer.write(wire.message(b"H"))
            await self._relay(until_ready=False)

    async def synchronize(self) -> None:
        """Relay all responses up to the end of the client's batch."""
        self.send(b"S")
        await self._relay(until_ready=True)
        self._described.synchronized()
        self.ready()

    async def simple(self, sql: str) -> None:
        """Run one statement in the simple protocol, whose response includes a RowDescription."""
        self.send(b"Q", sql.encode() + b"\0")
        await self._relay(until_ready=True, simple=True)

    def ready(self) -> None:
        """Send ReadyForQuery."""
        self.failed = False
        self._client.write(wire.message(b"Z", self._backend.status))

    def say(self, kind: bytes, body: bytes) -> None:
        """Send a message to the client; an error as Redshift sends it."""
        self.failed |= kind == b"E"
        self._client.write(wire.message(kind, as_redshift(body) if kind == b"E" else body))

    async def refuse(self, error: Refusal) -> None:
        """Fail a statement that did not fail in PostgreSQL, and abort its transaction."""
        if self._backend.status == b"T":
            try:
                await self._backend.run("DO $$ BEGIN RAISE EXCEPTION 'refused'; END $$")
            except BackendError:
                self.failed = True
        self._client.write(wire.error(error.sqlstate, str(error)))
        self.failed = True

    async def _relay(self, *, until_ready: bool, simple: bool = False) -> None:
        while until_ready or self._unanswered > 0:
            passage = await self._backend.messages.passage()
            self._convert(passage.plain, simple=simple)
            self._unanswered -= passage.answers
            if passage.kind == b"E":
                self.say(passage.kind, passage.body)
            if passage.kind:
                self._unanswered = 0
            if passage.kind == b"Z":
                self._backend.status = passage.body
                break
            await self._client.drain()
        if self._unconvertible:
            error, self._unconvertible = self._unconvertible, None
            await self.refuse(error)

    def _convert(self, plain: bytes, *, simple: bool) -> None:
        """Relay responses, but nothing more of a result with a value that can't be converted."""
        if self._unconvertible:
            return
        try:
            self._client.write(self._described.passed(plain, simple=simple))
        except NumericOverflowError as error:
            self._unconvertible = error
        except Exception as error:  # noqa: BLE001 - the rest of the response must be read
            self._unconvertible = internal(error)


def internal(error: Exception) -> InternalError:
    """Log the traceback without the message, which may have values, and return the error."""
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("internal error: %s\n%s", type(error).__name__, where)
    return InternalError(error)
