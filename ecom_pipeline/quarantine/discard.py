"""Discard quarantined records: sent by mistake, they are to be neither replayed nor left open.

A discarded record moves to `discarded/` with its bytes; a log entry under `discards/` tells who
discarded which records, when and why, and is never changed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from ecom_pipeline.domain import discard_keys, keys
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.quarantine import replay
from ecom_pipeline.quarantine.replay import QuarantinedRecord

_DIGITS = 10


class Discard(msgspec.Struct, frozen=True, kw_only=True):
    """A log entry: who discarded how many records, when (UTC) and why.

    `selection` has the filters by name, `ids` the records as `ecom quarantine show` names them.
    """

    who: str
    moment: datetime
    why: str
    selection: Mapping[str, str]
    records: int
    ids: tuple[str, ...]


def entry(
    quarantined: Sequence[QuarantinedRecord],
    *,
    who: str,
    moment: datetime,
    why: str,
    selection: Mapping[str, str],
) -> Discard:
    """Return the log entry of a discard of these records."""
    ids = tuple(each.id for each in quarantined)
    return Discard(who=who, moment=moment, why=why, selection=selection, records=len(ids), ids=ids)


def discard(lake: Lake, quarantined: Sequence[QuarantinedRecord], logged: Discard) -> None:
    """Write the log entry, then move the records, object by object; none is nothing done.

    It can be interrupted and run again: what is left is discarded then, with its own entry.
    """
    if not quarantined:
        return
    body = msgspec.json.format(msgspec.json.encode(logged), indent=2)
    key = discard_keys.discard_key(logged.moment, sha256(body).hexdigest()[:_DIGITS])
    lake.raw.put(key, body, ContentType="application/json")
    lines: dict[str, set[bytes]] = {}
    for each in quarantined:
        lines.setdefault(each.key, set()).add(each.line)
    for found, taken in lines.items():
        replay.move(lake, found, taken, discard_keys.discarded_key)


def log(lake: Lake) -> list[Discard]:
    """Return the log of all discards, the oldest first.

    Raises:
        DamagedObjectError: an entry is unreadable.
    """
    found: list[Discard] = []
    for each in lake.raw.own_objects(keys.DISCARDS, discard_keys.is_discard_key):
        held = lake.raw.read(each.key)
        try:
            found.append(msgspec.json.decode(held.body if held else b"", type=Discard))
        except msgspec.DecodeError as error:
            raise DamagedObjectError(f"{each.key}: {error}; restore it") from error
    return found
