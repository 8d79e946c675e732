"""The batch in the key of a raw or quarantined object, read back; keys.py formats it."""

import re
from typing import NamedTuple

_BATCH = re.compile(r"/(shardId-\d+)-(\d{56})-(\d{56})\.jsonl\.gz$")


class Span(NamedTuple):
    """A batch of a shard's records, by its first and its last sequence number."""

    shard: str
    first: str
    last: str


def span_of(key: str) -> Span | None:
    """Return the batch whose records an object has; None for an object of another kind."""
    found = _BATCH.search(key)
    if found is None:
        return None
    shard, *numbers = found.groups()
    first, last = (number.lstrip("0") or "0" for number in numbers)
    return Span(shard, first, last)
