"""PostgreSQL's answers on their way to a client, and the proxy's own.

Belongs here: what is unanswered, what was refused, who is ready. PostgreSQL answers nothing more
after an error until the client's Sync, and neither does the proxy. Does not belong here: what a
client asks (session.py), or the bytes of results (results.py).
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
    """The way from one backend to its client; `failed` until the client's Sync."""

    def __init__(
        self, client: asyncio.StreamWriter, backend: Backend, described: Described
    ) -> None:
        self.failed = False
        self._client = client
        self._backend = backend
        self._described = described
        self._unanswered = 0  # messages PostgreSQL was sent and has not answered yet
        self._unfit: Refusal | None = None  # why the rest of a result is not passed on

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """Send PostgreSQL a message of the client's."""
        self._backend.writer.write(wire.message(kind, body))
        self._unanswered += 1

    async def catch_up(self) -> None:
        """Pass on the answers to all that PostgreSQL was sent."""
        if self._unanswered:
            self._backend.writer.write(wire.message(b"H"))
            await self._pass_on(until_ready=False)

    async def synchronize(self) -> None:
        """Pass on all answers up to the end of the client's batch."""
        self.send(b"S")
        await self._pass_on(until_ready=True)
        self._described.synchronized()
        self.ready()

    async def simple(self, sql: str) -> None:
        """Run one statement in the simple protocol, which describes its columns by itself."""
        self.send(b"Q", sql.encode() + b"\0")
        await self._pass_on(until_ready=True, simple=True)

    def ready(self) -> None:
        """Tell the client that it may go on."""
        self.failed = False
        self._client.write(wire.message(b"Z", self._backend.status))

    def say(self, kind: bytes, body: bytes) -> None:
        """Send the client a message; an error in Redshift's words."""
        self.failed |= kind == b"E"
        self._client.write(wire.message(kind, as_redshift(body) if kind == b"E" else body))

    async def refuse(self, error: Refusal) -> None:
        """Fail a statement that PostgreSQL did not; its transaction is aborted all the same."""
        if self._backend.status == b"T":
            try:
                await self._backend.run("DO $$ BEGIN RAISE EXCEPTION 'refused'; END $$")
            except BackendError:
                self.failed = True
        self._client.write(wire.error(error.sqlstate, str(error)))
        self.failed = True

    async def _pass_on(self, *, until_ready: bool, simple: bool = False) -> None:
        while until_ready or self._unanswered > 0:
            passage = await self._backend.messages.passage()
            self._pass(passage.plain, simple=simple)
            self._unanswered -= passage.answers
            if passage.kind == b"E":
                self.say(passage.kind, passage.body)
            if passage.kind:
                self._unanswered = 0
            if passage.kind == b"Z":
                self._backend.status = passage.body
                break
            await self._client.drain()
        if self._unfit:
            error, self._unfit = self._unfit, None
            await self.refuse(error)

    def _pass(self, plain: bytes, *, simple: bool) -> None:
        """Pass on answers, but nothing more of a result with a value that can't be passed on."""
        if self._unfit:
            return
        try:
            self._client.write(self._described.passed(plain, simple=simple))
        except NumericOverflowError as error:
            self._unfit = error
        except Exception as error:  # noqa: BLE001 - what PostgreSQL still says must be read
            self._unfit = internal(error)


def internal(error: Exception) -> InternalError:
    """Log where a fault of the proxy's own is, without values, and return what the client reads."""
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("internal error: %s\n%s", type(error).__name__, where)
    return InternalError(error)
