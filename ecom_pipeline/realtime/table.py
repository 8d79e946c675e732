"""Writes of a batch to DynamoDB: first the lines, then the missing invoice headers.

The items' attributes are in item_shape.py, puts and reads in items.py.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.event import InvoiceLine
from ecom_pipeline.realtime.item_shape import (
    Item,
    Key,
    header_item,
    is_retracted,
    key_of,
    line_item,
)
from ecom_pipeline.realtime.items import put_once, read

_HEADERS_KEPT = 20_000
_HEADER_SECONDS = 300

# Header keys that this execution environment has seen in the table, and when (monotonic clock).
_headers_seen: dict[Key, float] = {}


@dataclass(frozen=True, slots=True)
class Stored:
    """The result of storing a batch's lines.

    `new` are the keys that were free. `stored_digests` is the digest of the content that each key
    has now; a line that is not in it, or whose invoice has no header, must be redelivered.
    """

    new: AbstractSet[Key]
    stored_digests: dict[Key, int]


def store(lines: Sequence[tuple[InvoiceLine, datetime]], deadline: float) -> Stored:
    """Put each line, then the missing headers, so that a visible header always has lines.

    `lines` are pairs of a line and the time at which the API received it. `deadline` is on the
    monotonic clock.

    A put costs a write unit even where the key is taken, five times a consistent read. So a
    header is put only with new lines of its invoice. If all of the invoice's lines exist already,
    the header is read with them. A header seen within _HEADER_SECONDS is neither put nor read. A
    retracted line, redelivered, needs no header and gives none.
    """
    items: dict[Key, Item] = {}
    for line, received_at in lines:
        items.setdefault(key_of(line), line_item(line, received_at))
    put = put_once(items, deadline)
    fresh, known = ({pk for pk, _ in each} for each in (put.new, put.taken))
    every = {_header_key(key) for key in items}
    unseen = every - _seen()
    asked = {key for key in unseen if key[0] in known - fresh}
    held, unanswered = read(put.taken | asked, deadline)
    absent = asked - held.keys() - unanswered
    headers = _headers([line for line, _ in lines], put.new, held)
    wanted = {
        key: header
        for key, header in headers.items()
        if key in unseen and (key[0] in fresh or key in absent)
    }
    headed = put_once(wanted, deadline)
    there = headed.new | headed.taken | (asked & held.keys())
    _see(there)
    complete = {pk for pk, _ in there | (every - unseen) | (every - headers.keys())}
    stored_digests = {key: items[key] for key in put.new} | {
        key: held[key] for key in put.taken & held.keys()
    }
    return Stored(
        put.new,
        {
            key: int(item["digest"]["N"])
            for key, item in stored_digests.items()
            if key[0] in complete
        },
    )


def _headers(
    lines: Sequence[InvoiceLine], new: AbstractSet[Key], held: Mapping[Key, Item]
) -> dict[Key, Item]:
    """Return the headers of the invoices that have a stored line that stands."""
    headers: dict[Key, Item] = {}
    for line in lines:
        key = key_of(line)
        if key in new or (key in held and not is_retracted(held[key])):
            headers.setdefault(_header_key(key), header_item(line))
    return headers


def _header_key(key: Key) -> Key:
    return key[0], keys.HEADER_SK


def _seen() -> set[Key]:
    """Return the header keys seen within _HEADER_SECONDS; older ones may have been erased."""
    since = time.monotonic() - _HEADER_SECONDS
    return {key for key, moment in _headers_seen.items() if moment > since}


def _see(headers: Iterable[Key]) -> None:
    if len(_headers_seen) > _HEADERS_KEPT:
        _headers_seen.clear()
    _headers_seen.update(dict.fromkeys(headers, time.monotonic()))
