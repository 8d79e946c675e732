"""A day's raw objects: the records of the wanted events, and their retractions.

Every object of the day is read, since a redelivery may be in any; no other day is listed.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

from msgspec import structs

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.batch_keys import Span, span_of
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.envelope import Accepted, UnreadableError
from ecom_pipeline.domain.event import EventError, InvoiceLine
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.domain.retraction import Retraction
from ecom_pipeline.domain.tombstone import Tombstones
from ecom_pipeline.lake import retractions
from ecom_pipeline.lake.buckets import Lake, ObjectInfo
from ecom_pipeline.trace.model import Content, Copy, Wanted

_AT_ONCE = 16
_NOWHERE = Span("", "", "")


@dataclass(frozen=True, slots=True)
class RawDay:
    """What the raw lake has of the wanted events on a day, by event id."""

    day: date
    objects: Sequence[ObjectInfo]
    copies: dict[str, list[Copy]] = field(default_factory=dict)
    retractions: dict[str, Retraction] = field(default_factory=dict)
    damaged: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Record:
    """A record of a wanted event; `line` is None if it is invalid by the current rules."""

    info: ObjectInfo
    number: int
    record: Accepted
    line: InvoiceLine | None
    erased: str


def read(lake: Lake, day: date, wanted: Wanted, tombstones: Tombstones) -> RawDay:
    """Read a day; a damaged object is named in the result, and holds nothing up."""
    objects = lake.raw.objects_of(day)
    damaged: list[str] = []

    def look(info: ObjectInfo) -> list[_Record]:
        try:
            return list(_records(lake, info, wanted, tombstones))
        except DamagedObjectError as error:
            damaged.append(str(error))
            return []

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [one for those in pool.map(look, retractions.events_in(objects)) for one in those]
    latest = retractions.latest_in(lake, objects)
    return RawDay(day, objects, _copies(found), latest, damaged)


def _records(
    lake: Lake, info: ObjectInfo, wanted: Wanted, tombstones: Tombstones
) -> Iterable[_Record]:
    for number, data in enumerate(lake.raw.lines(info.key), 1):
        if wanted.needle not in data:
            continue
        try:
            record = envelope.decode(data)
        except UnreadableError:
            continue  # a build quarantines it
        if not isinstance(record, Accepted):
            continue
        try:
            line = envelope.line_of(record)
        except EventError:
            line = None
        if wanted.is_wanted(record.event_id, line.invoice_no if line else ""):
            left = tombstones.applied(data) if tombstones else data
            erased = "delete" if left is None else "anonymise" if left is not data else ""
            yield _Record(info, number, record, line, erased)


def _copies(found: Iterable[_Record]) -> dict[str, list[Copy]]:
    """Return the copies of each event, in the order in which a build reads them."""
    copies: dict[str, list[Copy]] = {}
    digests: dict[str, int] = {}
    for each in found:
        event_id = each.record.event_id
        row = None if each.line is None else digest(each.line.row())
        content: Content = "invalid"
        if row is not None:
            content = "first" if event_id not in digests else "redelivered"
            if digests.setdefault(event_id, row) != row:
                content = "conflict"
        copies.setdefault(event_id, []).append(_copy(each, content))
    return copies


def _copy(each: _Record, content: Content) -> Copy:
    span = span_of(each.info.key) or _NOWHERE
    copy = Copy(
        key=each.info.key,
        line=each.number,
        content=content,
        received_at=each.record.received_at,
        written_at=each.info.written,
        id_source=each.record.id_source,
        erased=each.erased,
        shard=span.shard,
        first_sequence=span.first,
        last_sequence=span.last,
    )
    if each.line is None:
        return copy
    customer = "known" if each.line.customer_id is not None else "none"
    return structs.replace(copy, invoice_no=each.line.invoice_no, customer=customer)
