"""A TCP proxy in front of the warehouse that parses the protocol and can cut a connection.

It passes each statement, before it runs, to a rule, which returns the statement's fate.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from types import TracebackType
from typing import Self

_BUFFER = 1 << 16
_IN_THE_MIDDLE = 0.02  # seconds after a statement was forwarded
_CONFLICT = {
    "S": "ERROR",
    "C": "XX000",
    "M": "1023",
    "D": "Serializable isolation violation on table - 0, transactions forming the cycle are: 1, 2",
}


class Fate(Enum):
    """What the proxy does with a statement."""

    PASS = auto()
    CUT_BEFORE = auto()  # it is not forwarded
    CUT_DURING = auto()  # it is forwarded, and the connection ends while it runs
    CUT_AFTER = auto()  # it is executed, and its response is lost
    CONFLICT = auto()  # it is refused with error 1023


Rule = Callable[[str], Fate]


class StatementStrike:
    """A rule that applies a fate to the first statement that begins with `begins`.

    With `after`: to the first such statement after one that begins with `after`.
    """

    def __init__(self, begins: str, fate: Fate, *, after: str = "") -> None:
        self._begins, self._fate, self._after = begins, fate, after
        self.injected = 0

    @property
    def description(self) -> str:
        """The fate and the statement's first word."""
        return f"{self._fate.name.lower().replace('_', ' ')} {self._begins.split()[0].upper()}"

    def __call__(self, statement: str) -> Fate:
        text = statement.lower()
        if self._after:
            self._after = "" if text.startswith(self._after) else self._after
            return Fate.PASS
        if self.injected or not text.startswith(self._begins):
            return Fate.PASS
        self.injected += 1
        return self._fate


class WarehouseProxy:
    """A TCP proxy on a free port of this machine, within its context."""

    def __init__(self, port: int, rule: Rule) -> None:
        self._upstream, self._rule = port, rule
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._upstream))
            except OSError:
                return
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Connection(client, server, self._rule).start()


class _Connection:
    """One client's connection: a thread for each direction."""

    def __init__(self, client: socket.socket, server: socket.socket, rule: Rule) -> None:
        self._client, self._server, self._rule = client, server, rule
        self._statements: dict[bytes, str] = {}  # by name: the driver prepares each text once
        self._statement = ""
        self._muted = False  # drop the server's messages, and close at its ReadyForQuery
        self._skipping = False  # drop the client's messages until its Sync

    def start(self) -> None:
        for way in (self._to_server, self._to_client):
            threading.Thread(target=self._until_closed, args=(way,), daemon=True).start()

    def _until_closed(self, way: Callable[[], None]) -> None:
        with suppress(OSError):
            way()
        self._close()

    def _close(self) -> None:
        for each in (self._client, self._server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _to_server(self) -> None:
        (length,) = struct.unpack("!I", _exactly(self._client, 4))
        self._server.sendall(struct.pack("!I", length) + _exactly(self._client, length - 4))
        while True:
            kind, body = _message(self._client)
            if self._skipping:
                self._skipping = kind != b"S"
            elif kind == b"E":
                self._execute(body)
            else:
                self._note(kind, body)
                self._server.sendall(_framed(kind, body))

    def _note(self, kind: bytes, body: bytes) -> None:
        """Store the text that a Parse names, and the name that a Bind refers to."""
        if kind in {b"P", b"B"}:
            first, second, *_ = body.split(b"\0", 2)
            if kind == b"P":
                self._statements[first] = second.decode().strip()
            else:
                self._statement = self._statements.get(second, "")

    def _execute(self, body: bytes) -> None:
        fate = self._rule(self._statement)
        if fate is Fate.CUT_BEFORE:
            raise ConnectionResetError
        if fate is Fate.CONFLICT:
            self._refuse()
            return
        self._muted = fate is Fate.CUT_AFTER
        self._server.sendall(_framed(b"E", body))
        if fate is Fate.CUT_DURING:
            self._server.sendall(_framed(b"S", b""))
            time.sleep(_IN_THE_MIDDLE)
            raise ConnectionResetError

    def _refuse(self) -> None:
        """Answer with error 1023 before the server has answered the statement's Parse and Bind."""
        fields = b"".join(f"{key}{value}\0".encode() for key, value in _CONFLICT.items())
        self._client.sendall(_framed(b"E", fields + b"\0") + _framed(b"Z", b"E"))
        self._skipping = True

    def _to_client(self) -> None:
        while True:
            kind, body = _message(self._server)
            if not self._muted:
                self._client.sendall(_framed(kind, body))
            elif kind == b"Z":
                return


def _message(source: socket.socket) -> tuple[bytes, bytes]:
    head = _exactly(source, 5)
    return head[:1], _exactly(source, struct.unpack("!I", head[1:])[0] - 4)


def _framed(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _exactly(source: socket.socket, count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = source.recv(min(count, _BUFFER))
        if not part:
            raise ConnectionResetError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
