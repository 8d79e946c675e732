"""Writes of a batch to DynamoDB: first the lines, then the missing invoice headers.

The items' attributes are in item_shape.py, puts and reads in items.py.
"""

import time
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.event import InvoiceLine
from ecom_pipeline.realtime.item_shape import Item, Key, header_item, key_of, line_item
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
    the header is read with them. A header seen within _HEADER_SECONDS is neither put nor read.
    """
    items: dict[Key, Item] = {}
    headers: dict[Key, Item] = {}
    for line, received_at in lines:
        items.setdefault(key_of(line), line_item(line, received_at))
        headers.setdefault((keys.invoice_pk(line.invoice_no), keys.HEADER_SK), header_item(line))
    put = put_once(items, deadline)
    fresh, known = ({pk for pk, _ in each} for each in (put.new, put.taken))
    unseen = headers.keys() - _seen()
    asked = {key for key in unseen if key[0] in known - fresh}
    held, unanswered = read(put.taken | asked, deadline)
    absent = asked - held.keys() - unanswered
    wanted = {key: headers[key] for key in unseen if key[0] in fresh or key in absent}
    headed = put_once(wanted, deadline)
    there = headed.new | headed.taken | (asked & held.keys())
    _see(there)
    complete = {pk for pk, _ in there | (headers.keys() - unseen)}
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


def _seen() -> set[Key]:
    """Return the header keys seen within _HEADER_SECONDS; older ones may have been erased."""
    since = time.monotonic() - _HEADER_SECONDS
    return {key for key, moment in _headers_seen.items() if moment > since}


def _see(headers: Iterable[Key]) -> None:
    if len(_headers_seen) > _HEADERS_KEPT:
        _headers_seen.clear()
    _headers_seen.update(dict.fromkeys(headers, time.monotonic()))
