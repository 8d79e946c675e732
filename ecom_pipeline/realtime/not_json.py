"""What is no JSON in a request, named: NaN, Infinity, endless numbers, JSON lines, a BOM.

NaN and Infinity are what Python's json writes where a value is missing. A request with them is
split all the same, so that its other records get results of their own.
"""

import json
from collections.abc import Iterator
from typing import cast

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.event import EventError

_NOT_SPLIT = (ValueError, RecursionError)


class _Constant(str):
    """NaN, Infinity or -Infinity, as it was sent."""

    __slots__ = ()


class _Number(str):
    """A number, as it was sent: a long one takes no time."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_constant=_Constant, parse_float=_Number, parse_int=_Number)
_BLANKS = " \t\r\n"
_EXPECTED = "one event or an array of events as JSON"
_BOM = b"\xef\xbb\xbf"


def split(body: bytes) -> list[bytes] | None:
    """Return the bytes of each record of a request, or None when it is not JSON otherwise."""
    try:
        text = body.decode()
        at = _next(text, 0)
        if text[at : at + 1] != "[":
            _, end = _DECODER.raw_decode(text, at)
            return [body] if _next(text, end) == len(text) else None
        return _items(text, at + 1)
    except _NOT_SPLIT:
        return None


def error_of(original: bytes) -> EventError | None:
    """Return the error of a record with such a constant or number, and the field that has it."""
    try:
        value = _DECODER.decode(original.decode())
    except _NOT_SPLIT:
        return None
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {"": value}
    for name, each in fields.items():
        for text in _scalars(each):
            if isinstance(text, _Constant):
                return EventError(name, "null where a value is missing", str(text))
            if not _is_decodable(text):
                return EventError(name, "a number of at most 4,000 digits", str(text))
    return None


def error_of_request(body: bytes, error: Exception) -> EventError:
    """Return the error of a request that can't be split: what it is instead, if that is known."""
    if body.startswith(_BOM):
        return EventError("", f"{_EXPECTED}, without a byte order mark", "EF BB BF, then JSON")
    lines = body.split(b"\n")
    if len(lines) > 1 and all(_is_decodable(line) for line in lines[:2]):
        return EventError("", f"{_EXPECTED}: [event, event]", "JSON lines")
    return EventError("", _EXPECTED, str(error))


def _is_decodable(text: str | bytes) -> bool:
    try:
        envelope.decode_json(text.encode() if isinstance(text, str) else text)
    except envelope.NOT_JSON:
        return False
    return True


def _scalars(value: object) -> Iterator[_Constant | _Number]:
    """Yield the constants and numbers of a value, those in its lists and objects included."""
    if isinstance(value, _Constant | _Number):
        yield value
    elif isinstance(value, dict):
        for each in cast("dict[str, object]", value).values():
            yield from _scalars(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _scalars(each)


def _items(text: str, at: int) -> list[bytes] | None:
    """Return an array's items; `at` is behind its opening bracket."""
    items: list[bytes] = []
    at = _next(text, at)
    if text[at : at + 1] == "]":
        return items if _next(text, at + 1) == len(text) else None
    while True:
        _, end = _DECODER.raw_decode(text, at)
        items.append(text[at:end].encode())
        at = _next(text, end)
        mark, at = text[at : at + 1], _next(text, at + 1)
        if mark == "]":
            return items if at == len(text) else None
        if mark != ",":
            return None


def _next(text: str, at: int) -> int:
    """Return where the next character that is no blank is."""
    while text[at : at + 1] and text[at] in _BLANKS:
        at += 1
    return at
