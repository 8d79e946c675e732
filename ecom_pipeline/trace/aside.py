"""Where an event may be that is in no store: quarantine, replayed, discarded, failed batches."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from ecom_pipeline.domain import envelope, failed_batch, keys
from ecom_pipeline.domain.envelope import Accepted, Rejected, UnreadableError
from ecom_pipeline.domain.event import EVENT_ID, EventError
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.quarantine.replay import QuarantinedRecord
from ecom_pipeline.redelivery import redeliver
from ecom_pipeline.trace.model import Aside, GivenUp, SetAside, Wanted

MOST_BATCHES = 200
_AT_ONCE = 16
_INVOICE = "InvoiceNo"
_PREFIXES: tuple[tuple[Aside, str], ...] = (
    ("quarantined", keys.QUARANTINE),
    ("replayed", keys.REPLAYED),
    ("discarded", keys.DISCARDED),
)


def records(lake: Lake, days: Iterable[date], wanted: Wanted) -> list[SetAside]:
    """Return the wanted events' records that were received on these days and set aside."""
    folders = [f"received_date={day.isoformat()}/" for day in sorted(days)]
    return _read(lake, folders, wanted)


def conflicts(lake: Lake, days: Iterable[date], event_id: str, wanted: Wanted) -> list[SetAside]:
    """Return the records of an event's other contents; their keys contain the event id."""
    folders = [f"received_date={day.isoformat()}/conflict-{event_id}-" for day in sorted(days)]
    return _read(lake, folders, wanted)


def _read(lake: Lake, folders: Sequence[str], wanted: Wanted) -> list[SetAside]:
    listed = [
        (state, each.key)
        for state, prefix in _PREFIXES
        for folder in folders
        for each in lake.raw.own_objects(f"{prefix}{folder}", keys.is_record_object)
    ]

    def look(found: tuple[Aside, str]) -> list[SetAside]:
        state, key = found
        return [
            _set_aside(state, key, line, record)
            for line in lake.raw.lines(key)
            if wanted.needle in line or b"original_base64" in line
            if isinstance(record := envelope.decode(line), Rejected) and _names(record, wanted)
        ]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [each for those in pool.map(look, listed) for each in those]


def _set_aside(state: Aside, key: str, line: bytes, record: Rejected) -> SetAside:
    return SetAside(
        state=state,
        key=key,
        id=QuarantinedRecord(key, line, record).id,
        reason=record.reason,
        field=record.field,
        expected=record.expected,
        received_at=record.received_at,
    )


def _names(record: Rejected, wanted: Wanted) -> bool:
    """Return whether a rejected record is of a wanted event, as far as its bytes can be read."""
    original = envelope.original_bytes(record)
    try:
        inner = envelope.decode(original)
    except UnreadableError:
        inner = None
    event_id = inner.event_id if isinstance(inner, Accepted) else ""
    try:
        sent = envelope.decode_json(inner.event if isinstance(inner, Accepted) else original)
    except envelope.NOT_JSON:
        return wanted.needle in original
    fields = sent if isinstance(sent, dict) else {}
    known = event_id or str(fields.get(EVENT_ID, ""))
    return wanted.is_wanted(known, str(fields.get(_INVOICE, "")))


def given_up(lake: Lake, wanted: Wanted) -> dict[str, list[GivenUp]]:
    """Return the failed batches with wanted events, by event id; of the first MOST_BATCHES."""
    found: dict[str, list[GivenUp]] = {}
    for each in redeliver.find(lake, MOST_BATCHES):
        if each.batch is None:
            continue
        batch = GivenUp(
            key=each.key,
            function=each.batch.function,
            cause=each.batch.context.condition,
            at=each.batch.timestamp,
        )
        for event_id in dict.fromkeys(_wanted_in(failed_batch.lines_of(each.batch), wanted)):
            found.setdefault(event_id, []).append(batch)
    return found


def _wanted_in(lines: Iterable[bytes], wanted: Wanted) -> Iterator[str]:
    for line in lines:
        if wanted.needle not in line:
            continue
        try:
            _, event = envelope.event_of(line)
        except (UnreadableError, EventError):
            continue
        if event is not None and wanted.is_wanted(event.event_id, event.invoice_no):
            yield event.event_id
