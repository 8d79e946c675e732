"""What was set aside: find it, say what would become of it now, and try it again.

How a record becomes an event once more is in revalidate.py. Who posts events is handed in.
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
    """A record of quarantine, and where it lies."""

    key: str
    line: bytes
    record: Rejected

    @property
    def id(self) -> str:
        """What a person calls it: it comes from the record's bytes, so it stays when others go."""
        return revalidate.identity(self.line)[:_ID_DIGITS]

    @property
    def day(self) -> date:
        return keys.day_of(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineFilter:
    """Which records are meant; what is None does not matter."""

    reason: str | None = None
    day: date | None = None
    field: str | None = None
    id: str | None = None

    def matches(self, quarantined: QuarantinedRecord) -> bool:
        """Return whether a record is meant."""
        return (
            self.reason in {None, quarantined.record.reason}
            and self.field in {None, quarantined.record.field}
            and quarantined.id.startswith(self.id or "")
        )


@dataclass(frozen=True, slots=True)
class ReplayCandidate:
    """What would become of a record now: an event to post, a refusal, or a day to rebuild."""

    quarantined: QuarantinedRecord
    event: Event | None = None
    refusal: Refusal | None = None
    rebuild: date | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the API said: the records that it took, and those that it refused with why."""

    accepted: Sequence[QuarantinedRecord]
    refused: Sequence[tuple[QuarantinedRecord, Refusal]]


def find(lake: Lake, wanted: QuarantineFilter) -> Iterator[QuarantinedRecord]:
    """Yield the records that are meant, in the order of their objects."""
    prefix = keys.QUARANTINE if wanted.day is None else keys.quarantine_prefix(wanted.day)
    for found in lake.raw.objects(prefix):
        for line in lake.raw.lines(found.key):
            quarantined = QuarantinedRecord(found.key, line, _record(found.key, line))
            if wanted.matches(quarantined):
                yield quarantined


def count(quarantined: Iterable[QuarantinedRecord]) -> dict[Group, int]:
    """Return how many records there are of each received day, reason and field."""
    groups = Counter((each.day, each.record.reason, each.record.field) for each in quarantined)
    return dict(sorted(groups.items()))


def preview(
    lake: Lake, quarantined: Iterable[QuarantinedRecord], changes: Mapping[str, str], today: date
) -> list[ReplayCandidate]:
    """Say what today's rules make of records, with some fields changed; nothing is written."""
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
    """Post the events; what the API acknowledged leaves quarantine, object by object.

    Killed anywhere and run again it ends the same: an event's id comes from its record, so the
    API takes it twice and the stores once, and what was moved is not there to be posted.
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
            _move(lake, key, {quarantined.line for quarantined in taken})
        accepted += taken
    return Outcome(accepted, refused)


def _posted(candidates: Sequence[ReplayCandidate], producer: Producer) -> list[Refusal | None]:
    events = [candidate.event for candidate in candidates if candidate.event is not None]
    answers: list[Refusal | None] = []
    for start in range(0, len(events), _EVENTS_A_POST):
        answers += producer(events[start : start + _EVENTS_A_POST])
    return answers


def _move(lake: Lake, key: str, taken: set[bytes]) -> None:
    """Keep what was taken under `replayed/`, then leave only the rest in its place.

    The order matters: a record may be in both for a moment, never in none.
    """
    lines = list(lake.raw.lines(key))
    gone = [line for line in lines if line in taken]
    rest = [line for line in lines if line not in taken]
    part = sha256(b"\n".join(gone)).hexdigest()[:_ID_DIGITS] if rest else ""
    lake.raw.write_lines(keys.replayed_key(key, part), gone)
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
    """Try a record by itself and beside the others: two contents can't have one id."""
    found = revalidate.attempt(quarantined.line, quarantined.record, changes, today)
    if isinstance(found, Refusal):
        return ReplayCandidate(quarantined, refusal=found)
    if contents.setdefault(found.event_id, found.digest) != found.digest:
        return ReplayCandidate(
            quarantined, refusal=Refusal("event_id", "one content under one id", found.event_id)
        )
    return ReplayCandidate(quarantined, event=found.payload)


def _rebuilt(
    quarantined: QuarantinedRecord, day: date, still: Rejected | None, changes: Mapping[str, str]
) -> ReplayCandidate:
    if changes:
        expected = "no --set: this record lies in raw, which is never edited; mend the rule"
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
