"""NaN and Infinity in a request: no JSON, but what Python's json writes where a value is missing.

A request with them is split all the same, so that its other records get results of their own.
"""

import json
from collections.abc import Iterator
from typing import cast

from ecom_pipeline.domain.event import EventError

_NOT_SPLIT = (ValueError, RecursionError)


class _Constant(str):
    """NaN, Infinity or -Infinity, as it was sent."""

    __slots__ = ()


# numbers stay texts: nothing here needs their values, and a long one takes no time
_DECODER = json.JSONDecoder(parse_constant=_Constant, parse_float=str, parse_int=str)
_BLANKS = " \t\r\n"


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
    """Return the error of a record with such a constant, and the field that has it."""
    try:
        value = _DECODER.decode(original.decode())
    except _NOT_SPLIT:
        return None
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {"": value}
    for name, each in fields.items():
        for constant in _constants(each):
            return EventError(name, "null where a value is missing", constant)
    return None


def _constants(value: object) -> Iterator[str]:
    """Yield the constants of a value, those within its lists and objects included."""
    if isinstance(value, _Constant):
        yield str(value)
    elif isinstance(value, dict):
        for each in cast("dict[str, object]", value).values():
            yield from _constants(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _constants(each)


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
