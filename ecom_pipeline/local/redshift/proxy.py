"""The listening side: accepts clients and starts a PostgreSQL connection for each.

Belongs here: accepting clients, their start-up, cancel requests. Does not belong here: the messages
afterwards (session.py).
"""

import asyncio
import contextlib
import functools
import logging
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from ecom_pipeline.local.redshift import results, s3_source, wire
from ecom_pipeline.local.redshift.backend import CLIENT, SUPERUSER, Backend
from ecom_pipeline.local.redshift.catalog import DATABASE
from ecom_pipeline.local.redshift.dialect.statement import Copy
from ecom_pipeline.local.redshift.errors import BackendError
from ecom_pipeline.local.redshift.load import Load
from ecom_pipeline.local.redshift.relay import internal
from ecom_pipeline.local.redshift.session import Session

_log = logging.getLogger(__name__)
_BUFFER = 1 << 20
_SMALLEST_STARTUP, _LARGEST_STARTUP = 8, 10_000
_SENT_BY_REDSHIFT_DRIVERS = {"client_protocol_version", "driver_version", "os_version"}
_PASSED_ON = {"application_name", "client_encoding", "datestyle", "timezone", "extra_float_digits"}


@dataclass(frozen=True, slots=True)
class Greeting:
    """A client's first message: its parameters, or a request to cancel."""

    parameters: wire.Fields
    cancel: bytes = b""

    @property
    def knows_redshift(self) -> bool:
        """Whether the client is one of Redshift's own drivers."""
        return bool(_SENT_BY_REDSHIFT_DRIVERS & self.parameters.keys())

    @property
    def protocol(self) -> int:
        """The protocol version to use: what the driver requests, up to the latest supported."""
        asked = self.parameters.get("client_protocol_version", "")
        return min(int(asked), results.BINARY) if asked.isdecimal() else 0

    @property
    def for_backend(self) -> wire.Fields:
        """The parameters that PostgreSQL supports too."""
        passed = {k: v for k, v in self.parameters.items() if k.lower() in _PASSED_ON}
        return passed | {"database": self.parameters.get("database", DATABASE)}


class Proxy:
    """Accepts Redshift clients and opens a PostgreSQL connection for each."""

    def __init__(self, postgres: Path, s3_endpoint: str, region: str) -> None:
        self._postgres = postgres
        self._region = region
        self._s3 = functools.lru_cache(functools.partial(s3_source.connect, s3_endpoint))

    async def serve(self, listener: socket.socket) -> None:
        """Accept clients until cancelled."""
        server = await asyncio.start_server(self._accept, sock=listener, limit=_BUFFER)
        async with server:
            await server.serve_forever()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client; its disconnecting is no error."""
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        except Exception as error:  # noqa: BLE001 - reported to the client
            why = internal(error)
            writer.write(wire.error(why.sqlstate, str(why), severity="FATAL"))
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeting = await _greeting(reader, writer)
        backend = await Backend.open(self._postgres)
        try:
            if greeting.cancel:
                backend.writer.write(greeting.cancel)
                await backend.writer.drain()
                return
            session_id = await _welcome(greeting, backend, writer)
            copy = functools.partial(self._copy, greeting, session_id)
            client = (wire.MessageReader(reader), writer)
            knows, protocol = greeting.knows_redshift, greeting.protocol
            session = Session(client, backend, copy, knows_redshift=knows, protocol=protocol)
            await session.serve()
        except asyncio.CancelledError:
            _log.debug("a client is cut off: the proxy stops")
        except BackendError as error:
            writer.write(wire.message(b"E", error.body))
            await writer.drain()
        finally:
            backend.close()

    async def _copy(self, greeting: Greeting, session_id: int, copy: Copy, backend: Backend) -> int:
        s3 = await asyncio.to_thread(self._s3, copy.region or self._region)

        async def record_on() -> Backend:
            opened = await Backend.open(self._postgres)
            await opened.start(SUPERUSER, {"database": greeting.for_backend["database"]})
            return opened

        return await Load(copy, backend, s3, record_on, session_id).run()


async def _greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Greeting:
    """Read the first message; encryption is declined."""
    while True:
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        if not _SMALLEST_STARTUP <= length <= _LARGEST_STARTUP:
            raise ConnectionResetError("not a PostgreSQL client")
        body = await reader.readexactly(length - 4)
        (code,) = struct.unpack_from("!I", body)
        if code in {wire.SSL_REQUEST, wire.GSS_REQUEST}:
            writer.write(b"N")
        elif code == wire.CANCEL_REQUEST:
            return Greeting({}, cancel=struct.pack("!I", length) + body)
        else:
            return Greeting(wire.startup_parameters(body))


async def _welcome(greeting: Greeting, backend: Backend, writer: asyncio.StreamWriter) -> int:
    """Start PostgreSQL's side, forward its messages, and return its session's number."""
    session_id = 0
    for kind, body in await backend.start(CLIENT, greeting.for_backend):
        said = body
        if kind == b"K":
            (session_id,) = struct.unpack_from("!I", body)
        if kind == b"S" and greeting.knows_redshift and body.startswith(b"server_version\0"):
            said = b"server_version\x008.0.2\0"
        writer.write(wire.message(kind, said))
    if greeting.knows_redshift:
        version = f"server_protocol_version\0{greeting.protocol}\0"
        writer.write(wire.message(b"S", version.encode()))
    writer.write(wire.message(b"Z", b"I"))
    await writer.drain()
    return session_id
