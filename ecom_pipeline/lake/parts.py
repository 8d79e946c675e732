"""The parts of a day's CSV: their number, and the build of one part from its raw lines.

An event id belongs to one part, so parts are built independently, in any process: memory is
bounded, and the day's totals and counts are the sums of its parts'.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from itertools import count as count_from
from itertools import repeat

import msgspec

from ecom_pipeline.domain import discard_keys, envelope, keys
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.envelope import Rejected
from ecom_pipeline.domain.tombstone import Tombstones
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import retractions, tombstones
from ecom_pipeline.lake.buckets import Lake, ObjectBody, ObjectInfo
from ecom_pipeline.lake.flatten import Flattened, Line, flatten
from ecom_pipeline.lake.manifest import Part
from ecom_pipeline.lake.prefetch import prefetched
from ecom_pipeline.lake.rows import Reader

# 2 MB of raw are some 37,000 lines, and 1.7 MB of CSV: AWS recommends 1 MB to 1 GB for COPY
PART_BYTES = 2_000_000
# each needs a temporary file in spread.py; days of more than 512 MB of raw get larger parts
MOST_PARTS = 256
_OBJECTS_AHEAD = 4
_VERSION_DIGITS = 16


@dataclass(frozen=True, slots=True)
class DayParts:
    """A day's state before its build: manifest, part keys, raw objects, and the number of parts.

    `sources` are all raw objects, `events` those of events; `retracted` are event ids.
    `running_until` is a moment before they were listed, None if the day was over by then.
    """

    day: date
    before: ObjectBody | None
    parts_before: Sequence[str]
    sources: Sequence[ObjectInfo]
    parts: int
    erased: Tombstones
    retracted: frozenset[str]
    running_until: datetime | None = None

    @property
    def events(self) -> list[ObjectInfo]:
        return retractions.events_in(self.sources)


class PartResult(msgspec.Struct, frozen=True, kw_only=True):
    """A written part with its totals and counts; `part` is None when it has no rows."""

    part: Part | None
    totals: Totals
    read: int
    redelivered: int
    quarantined: dict[str, int]
    erased: int
    retracted: int
    quarantine_keys: tuple[str, ...]


def plan(lake: Lake, day: date, part_bytes: int = PART_BYTES) -> DayParts:
    """Return a day's state. Old parts are listed first, so later builds' parts are not deleted."""
    before = lake.csv.read(keys.manifest_key(day))
    parts_before = lake.csv.part_keys(day)
    running_until = lake.running.until(day) if lake.running else None  # before the listing
    sources = lake.raw.objects_of(day)
    return DayParts(
        day=day,
        before=before,
        parts_before=parts_before,
        sources=sources,
        parts=count(sources, part_bytes),
        erased=tombstones.read(lake),
        retracted=retractions.retracted_in(lake, sources),
        running_until=running_until,
    )


def count(sources: Iterable[ObjectInfo], part_bytes: int) -> int:
    """Return the number of parts of a day: a power of two, like the number of Redshift slices."""
    wanted = -(-sum(source.bytes for source in sources) // part_bytes)
    return min(1 << max(wanted - 1, 0).bit_length(), MOST_PARTS)


def lines_of(lake: Lake, sources: Iterable[ObjectInfo]) -> Iterator[Line]:
    """Yield the lines of raw objects in order, prefetching the next _OBJECTS_AHEAD objects."""
    with ThreadPoolExecutor(_OBJECTS_AHEAD) as pool:
        fetch = partial(_fetched, lake)
        for key, lines in prefetched(pool, fetch, sources, _OBJECTS_AHEAD):
            yield from zip(lines, repeat(key), count_from(1), strict=False)


def _fetched(lake: Lake, source: ObjectInfo) -> tuple[str, Iterator[bytes]]:
    return source.key, lake.raw.lines(source.key)


def build(
    lake: Lake, planned: DayParts, number: int, lines: Iterable[Line], read: Reader
) -> PartResult:
    """Write one part of a day, and the quarantine objects of its lines."""
    flat = flatten(lines, planned.day, planned.erased, read, planned.retracted)
    set_aside = _quarantine(lake, flat, planned.day, number)
    for key, records in set_aside.items():
        lake.raw.write_records(key, records)
    part = _part(planned, number, flat) if flat.totals.rows else None
    if part is not None:
        lake.csv.write_part(part.key, flat.csv)
    reasons = Counter[str](record.reason for record in flat.rejected)
    if flat.conflicts:
        reasons["id_conflict"] = len(flat.conflicts)
    return PartResult(
        part=part,
        totals=flat.totals,
        read=flat.read,
        redelivered=flat.redelivered,
        quarantined=dict(reasons),
        erased=flat.erased,
        retracted=flat.retracted,
        quarantine_keys=tuple(set_aside),
    )


def _quarantine(lake: Lake, flat: Flattened, day: date, part: int) -> dict[str, list[Rejected]]:
    """Return the quarantine records by key, except discarded ones and replayed conflicts."""
    objects: dict[str, list[Rejected]] = defaultdict(list)
    days = {record.received_at.date() for record in flat.rejected}
    discarded = {received: _discarded(lake, received, day) for received in days}
    for record in flat.rejected:
        received = record.received_at.date()
        if envelope.encode(record) not in discarded[received]:
            objects[keys.transform_quarantine_key(received, day, part)].append(record)
    for record, event in flat.conflicts:
        row_digest = digest(event.row())
        key = keys.conflict_key(record.received_at.date(), event.event_id, row_digest)
        if not any(map(lake.raw.has, (keys.replayed_key(key), discard_keys.discarded_key(key)))):
            objects[key] = [envelope.conflict(record)]
    return objects


def _discarded(lake: Lake, received: date, day: date) -> set[bytes]:
    """Return the lines that earlier rebuilds of a day quarantined and a person discarded."""
    prefix = discard_keys.transform_discarded_prefix(received, day)
    found = lake.raw.own_objects(prefix, keys.is_record_object)
    return {line for each in found for line in lake.raw.lines(each.key)}


def _part(planned: DayParts, number: int, flat: Flattened) -> Part:
    content = sha256(flat.csv).hexdigest()
    return Part(
        key=keys.csv_part_key(planned.day, _version(content, planned.sources), number),
        rows=flat.totals.rows,
        bytes=len(flat.csv),
        sha256=content,
    )


def _version(content: str, sources: Iterable[ObjectInfo]) -> str:
    """Return a part's version: a hash of its content and its sources.

    With the content alone, a part could get the key of an older part, which a concurrent build
    that was delayed after its commit is about to delete.
    """
    made_of = "".join(f"{source.key} {source.etag}\n" for source in sources)
    return sha256(f"{content}\n{made_of}".encode()).hexdigest()[:_VERSION_DIGITS]
