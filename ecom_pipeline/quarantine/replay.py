"""Quarantined records: find them, revalidate them (dry run), and replay them through the API.

The validation of a record is in revalidate.py. The producer that posts events is passed in.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.envelope import Rejected, UnreadableError
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.quarantine import revalidate
from ecom_pipeline.quarantine.revalidate import Event, Refusal

Producer = Callable[[Sequence[Event]], Sequence[Refusal | None]]
Group = tuple[date, str, str]  # the day it was received, reason, field

_ID_DIGITS = 10
_EVENTS_A_POST = 500


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A record of quarantine: the key of its object, its line and the decoded record."""

    key: str
    line: bytes
    record: Rejected

    @property
    def id(self) -> str:
        """The id for the CLI: a hash of the record's bytes, stable when other records move."""
        return revalidate.identity(self.line)[:_ID_DIGITS]

    @property
    def day(self) -> date:
        return keys.day_of(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineFilter:
    """A filter of records; a field that is None matches all. `id` may be a prefix.

    `discarded` selects among the discarded records instead of those in quarantine.
    """

    reason: str | None = None
    day: date | None = None
    field: str | None = None
    id: str | None = None
    discarded: bool = False

    def matches(self, quarantined: QuarantinedRecord) -> bool:
        """Return whether a record matches; `day` is not checked here, `find` selects by it."""
        return (
            self.reason in {None, quarantined.record.reason}
            and self.field in {None, quarantined.record.field}
            and quarantined.id.startswith(self.id or "")
        )


@dataclass(frozen=True, slots=True)
class ReplayCandidate:
    """The result of revalidating a record: an event to post, a refusal, or a day to rebuild."""

    quarantined: QuarantinedRecord
    event: Event | None = None
    refusal: Refusal | None = None
    rebuild: date | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The API's results: accepted records, and refused ones with the reason."""

    accepted: Sequence[QuarantinedRecord]
    refused: Sequence[tuple[QuarantinedRecord, Refusal]]


def find(lake: Lake, wanted: QuarantineFilter) -> Iterator[QuarantinedRecord]:
    """Yield the records that match, in key order of their objects.

    Raises:
        DamagedObjectError: a quarantine object is damaged, or has lines that are not rejected
            records.
    """
    aside = keys.DISCARDED if wanted.discarded else keys.QUARANTINE
    for found in lake.raw.quarantined(wanted.day, aside):
        for line in lake.raw.lines(found.key):
            quarantined = QuarantinedRecord(found.key, line, _record(found.key, line))
            if wanted.matches(quarantined):
                yield quarantined


def count(quarantined: Iterable[QuarantinedRecord]) -> dict[Group, int]:
    """Return the number of records by received day, reason and field."""
    groups = Counter((each.day, each.record.reason, each.record.field) for each in quarantined)
    return dict(sorted(groups.items()))


def preview(
    lake: Lake, quarantined: Iterable[QuarantinedRecord], changes: Mapping[str, str], today: date
) -> list[ReplayCandidate]:
    """Revalidate records by the current rules, with `changes` applied; nothing is written."""
    candidates: list[ReplayCandidate] = []
    rebuilds: dict[date, dict[str, Rejected]] = {}
    contents: dict[str, int] = {}
    for each in quarantined:
        day = keys.transform_day_of(each.key)
        if day is None:
            candidates.append(_revalidated(each, changes, today, contents))
            continue
        if day not in rebuilds:
            again = partition.preview(lake, day).rejected
            rebuilds[day] = {record.record: record for record in again}
        still = rebuilds[day].get(each.record.record)
        candidates.append(_rebuilt(each, day, still, changes))
    return candidates


def replay(lake: Lake, candidates: Iterable[ReplayCandidate], producer: Producer) -> Outcome:
    """Post the events, and move the acknowledged records out of quarantine, object by object.

    It can be interrupted and run again: an event's id is derived from its record, so the stores
    deduplicate an event that is posted twice, and moved records are not posted again.
    """
    accepted: list[QuarantinedRecord] = []
    refused: list[tuple[QuarantinedRecord, Refusal]] = []
    objects: dict[str, list[ReplayCandidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.event is not None:
            objects[candidate.quarantined.key].append(candidate)
    for key, those in objects.items():
        answers = _posted(those, producer)
        taken = [t.quarantined for t, answer in zip(those, answers, strict=True) if answer is None]
        refused += [
            (t.quarantined, a) for t, a in zip(those, answers, strict=True) if a is not None
        ]
        if taken:
            move(lake, key, {quarantined.line for quarantined in taken}, keys.replayed_key)
        accepted += taken
    return Outcome(accepted, refused)


def _posted(candidates: Sequence[ReplayCandidate], producer: Producer) -> list[Refusal | None]:
    events = [candidate.event for candidate in candidates if candidate.event is not None]
    answers: list[Refusal | None] = []
    for start in range(0, len(events), _EVENTS_A_POST):
        answers += producer(events[start : start + _EVENTS_A_POST])
    return answers


def settle(lake: Lake, candidates: Iterable[ReplayCandidate]) -> None:
    """Move discarded records whose days were loaded, and thus accept them, to `replayed/`."""
    for each in candidates:
        key = each.quarantined.key
        if each.rebuild is not None and key.startswith(keys.DISCARDED):
            move(lake, key, {each.quarantined.line}, keys.replayed_key)


def move(lake: Lake, key: str, taken: set[bytes], moved_key: Callable[[str, str], str]) -> None:
    """Copy records to the key that `moved_key` gives, then remove them from their object.

    In this order a record may be in both for a moment, but never in neither.
    """
    lines = list(lake.raw.lines(key))
    gone = [line for line in lines if line in taken]
    rest = [line for line in lines if line not in taken]
    part = sha256(b"\n".join(gone)).hexdigest()[:_ID_DIGITS] if rest else ""
    lake.raw.write_lines(moved_key(key, part), gone)
    if rest:
        lake.raw.write_lines(key, rest)
    else:
        lake.raw.remove([key])


def _revalidated(
    quarantined: QuarantinedRecord,
    changes: Mapping[str, str],
    today: date,
    contents: dict[str, int],
) -> ReplayCandidate:
    """Revalidate a record, also against the others: two contents must not have the same id."""
    found = revalidate.attempt(quarantined.line, quarantined.record, changes, today)
    if isinstance(found, Refusal):
        return ReplayCandidate(quarantined, refusal=found)
    if contents.setdefault(found.event_id, found.digest) != found.digest:
        return ReplayCandidate(
            quarantined, refusal=Refusal("event_id", "one content per id", found.event_id)
        )
    return ReplayCandidate(quarantined, event=found.payload)


def _rebuilt(
    quarantined: QuarantinedRecord, day: date, still: Rejected | None, changes: Mapping[str, str]
) -> ReplayCandidate:
    if changes:
        expected = "no --set: this record is in the raw lake, which is immutable; fix the rule"
        return ReplayCandidate(quarantined, refusal=Refusal("", expected, ", ".join(changes)))
    if still is not None:
        return ReplayCandidate(quarantined, refusal=Refusal(still.field, still.expected, still.got))
    return ReplayCandidate(quarantined, rebuild=day)


def _record(key: str, line: bytes) -> Rejected:
    try:
        record = envelope.decode(line)
    except UnreadableError as error:
        raise DamagedObjectError(f"{key}: {error}; restore it") from error
    if not isinstance(record, Rejected):
        raise DamagedObjectError(f"{key}: an accepted event in quarantine; restore it")
    return record
