"""The part of PostgreSQL's wire protocol that the proxy needs: framing and a few messages.

Belongs here: bytes to messages and back. Does not belong here: the order of messages (session.py,
backend.py) or an error's meaning in Redshift (errors.py).
"""

import asyncio
import struct
from dataclasses import dataclass

PROTOCOL = 196608
SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
_HEADER = 5  # a kind byte and a length that includes itself
_CHUNK = 1 << 18  # bytes
_STOPPING = frozenset(b"EZ")  # ErrorResponse and ReadyForQuery, on which a relay acts
_ANSWERS = frozenset(b"123TnCIs")  # each ends the response to one message of the extended protocol

Fields = dict[str, str]


def message(kind: bytes, body: bytes = b"") -> bytes:
    """Return a framed message."""
    return kind + struct.pack("!I", len(body) + 4) + body


def query(sql: str) -> bytes:
    """Return a simple query."""
    return message(b"Q", sql.encode() + b"\0")


def text(data: bytes, start: int) -> tuple[str, int]:
    """Return the zero-terminated text at an offset, and the offset after it."""
    end = data.index(0, start)
    return data[start:end].decode(), end + 1


def startup(parameters: Fields) -> bytes:
    """Return the message that starts a connection."""
    pairs = b"".join(f"{name}\0{value}\0".encode() for name, value in parameters.items())
    body = struct.pack("!I", PROTOCOL) + pairs + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def startup_parameters(body: bytes) -> Fields:
    """Return the parameters of a start-up message."""
    parts = body[4:].decode().split("\0")
    return dict(zip(parts[::2], parts[1::2], strict=False)) if parts else {}


def fields_of(body: bytes) -> Fields:
    """Return the fields of an error or a notice."""
    parts = (part for part in body.split(b"\0") if part)
    return {part[:1].decode(): part[1:].decode("utf-8", "replace") for part in parts}


def fields_body(fields: Fields) -> bytes:
    """Return the fields of an error or a notice as a message's body."""
    return b"".join(f"{key}{value}\0".encode() for key, value in fields.items()) + b"\0"


def error(sqlstate: str, reason: str, *, severity: str = "ERROR", detail: str = "") -> bytes:
    """Return an ErrorResponse made by the proxy."""
    fields = {"S": severity, "V": severity, "C": sqlstate, "M": reason}
    return message(b"E", fields_body(fields | ({"D": detail} if detail else {})))


def notice(reason: str) -> bytes:
    """Return an INFO notice made by the proxy."""
    return message(b"N", fields_body({"S": "INFO", "V": "INFO", "C": "00000", "M": reason}))


def row_of(body: bytes) -> list[str | None]:
    """Return a DataRow's values, all of which are text in the simple protocol."""
    values: list[str | None] = []
    offset = 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        (size,) = struct.unpack_from("!i", body, offset)
        offset += 4
        values.append(None if size < 0 else body[offset : offset + size].decode())
        offset += max(size, 0)
    return values


@dataclass(frozen=True, slots=True)
class Passage:
    """Messages to relay unchanged, and the one that ended them (an error, or ready)."""

    plain: bytes
    answers: int
    kind: bytes = b""
    body: bytes = b""


class MessageReader:
    """Reads whole messages from a stream, one at a time or as many as have arrived."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self._data = b""

    async def message(self) -> tuple[bytes, bytes]:
        """Return the next message's kind and body."""
        while (end := self._end(0)) > len(self._data):
            await self._fill()
        kind, body = self._data[:1], self._data[_HEADER:end]
        self._data = self._data[end:]
        return kind, body

    async def passage(self) -> Passage:
        """Return all that has arrived, up to the next error or ready message."""
        while self._end(0) > len(self._data):
            await self._fill()
        offset = answers = 0
        data = self._data
        while (end := self._end(offset)) <= len(data):
            if data[offset] in _STOPPING:
                self._data = data[end:]
                kind, body = data[offset : offset + 1], data[offset + _HEADER : end]
                return Passage(data[:offset], answers, kind, body)
            answers += data[offset] in _ANSWERS
            offset = end
        self._data = data[offset:]
        return Passage(data[:offset], answers)

    def _end(self, offset: int) -> int:
        """Return the end of the message at an offset; past the data if its header is incomplete."""
        if len(self._data) < offset + _HEADER:
            return offset + _HEADER
        return offset + 1 + int(struct.unpack_from("!I", self._data, offset + 1)[0])

    async def _fill(self) -> None:
        data = await self._stream.read(_CHUNK)
        if not data:
            raise ConnectionResetError("the other side closed the connection")
        self._data += data
