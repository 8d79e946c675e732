"""Classify differences: from days to buckets to events, each with the hop that caused it.

The raw lake is the reference, since the other stores are built from the same stream or from raw.
An event that DynamoDB, a committed CSV or the producer's data set has and raw does not is a loss
of the raw lake itself, unless its line was retracted: then it is extra wherever it is. The only
I/O is through the stores passed in.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice

from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.reconcile.model import (
    HOPS,
    BucketsByDay,
    Discrepancy,
    Kind,
    State,
    Store,
    StoredEvent,
    StoreName,
)

MOST_BUCKETS = 20_000  # compared row by row in one run; a bucket of a day of 8,000 rows has 125
_NOT_IN_FILE = "not in the file"
_BESIDE_RAW = (StoreName.DYNAMODB, StoreName.CSV, StoreName.ACCEPTED)

Retracted = Mapping[date, Collection[str]]
NONE_RETRACTED: Retracted = {}
Copies = Mapping[StoreName, Sequence[StoredEvent]]  # of one event, by store


@dataclass(frozen=True, slots=True)
class Watermark:
    """The limit of in-flight events: `received` later than that, or of a day not before `today`.

    `running` has the days whose published version is of before their end: an event may be missing
    in CSV and fact table if it was received later than the moment given.
    """

    received: datetime
    today: date
    running: Mapping[date, datetime] = field(default_factory=dict[date, datetime])

    def in_flight(self, store: StoreName, day: date, received_at: datetime | None) -> bool:
        """Return whether an event of this day may still be missing in a store."""
        batch = store in {StoreName.CSV, StoreName.FACT}
        if day not in self.running:
            late = received_at is not None and received_at > self.received
            return late or (batch and day >= self.today)
        limit = min(self.received, self.running[day]) if batch else self.received
        # CSV and fact rows have no time of arrival: it may have come while the stores were read
        return received_at is None or received_at > limit


def classify(
    stores: Sequence[Store],
    days: Sequence[date],
    watermark: Watermark,
    retracted: Retracted = NONE_RETRACTED,
) -> list[Discrepancy]:
    """Return the discrepancies of these days, event by event.

    `retracted` are the event ids of retracted lines, by day.

    At most MOST_BUCKETS buckets are compared, the earliest days first; later ones are not reported.
    """
    wanted = _differing(stores, days) if days else {}
    if not wanted:
        return []
    found: list[Discrepancy] = []
    events: dict[tuple[date, str], dict[StoreName, list[StoredEvent]]] = defaultdict(dict)
    for store in stores:
        for day, line in store.lines(wanted):
            events[day, line.event_id].setdefault(store.name, []).append(line)
    judge = _Classifier([store.name for store in stores], watermark, retracted)
    for (day, event_id), copies in sorted(events.items()):
        found += judge.findings(day, event_id, copies)
    return found


def _differing(stores: Sequence[Store], days: Sequence[date]) -> BucketsByDay:
    sums = [store.buckets(days) for store in stores]
    places = sorted({location for each in sums for location in each})
    unequal = (p for p in places if len({repr(s.get(p, Totals())) for s in sums}) > 1)
    wanted: dict[date, set[int]] = defaultdict(set)
    for day, bucket in islice(unequal, MOST_BUCKETS):
        wanted[day].add(bucket)
    return {day: frozenset(buckets) for day, buckets in wanted.items()}


@dataclass(frozen=True, slots=True)
class _Classifier:
    stores: Sequence[StoreName]
    watermark: Watermark
    retracted: Retracted

    def findings(self, day: date, event_id: str, copies: Copies) -> Iterator[Discrepancy]:
        """Yield the discrepancies of each store's copies of an event."""
        received_at = _received_at(copies)

        def say(
            store: StoreName, kind: Kind, hop: str = "", state: State = "different"
        ) -> Discrepancy:
            early = self.watermark.in_flight(store, day, received_at) and kind == "missing"
            location = " ".join(
                sorted({each.location for each in copies.get(store, ()) if each.location})
            )
            return Discrepancy(
                day=day,
                store=store,
                kind=kind,
                state="in_flight" if early else state,
                event_id=event_id,
                hop=hop or HOPS[store],
                location=location,
            )

        raw = copies.get(StoreName.RAW, ())
        if raw:
            yield from self._against(raw[0], copies, say)
        elif event_id in self.retracted.get(day, ()):
            for store in filter(copies.get, self.stores):
                yield say(store, "extra")
        elif any(copies.get(store) for store in _BESIDE_RAW):
            yield say(StoreName.RAW, "missing", state="lost")
            if not copies.get(StoreName.DYNAMODB):
                yield say(StoreName.DYNAMODB, "missing")
        else:
            yield say(StoreName.FACT, "extra")

    def _against(
        self, right: StoredEvent, copies: Copies, say: Callable[..., Discrepancy]
    ) -> Iterator[Discrepancy]:
        for store in self.stores:
            held = copies.get(store, ())
            before = copies.get(StoreName.CSV, ())
            as_csv = store == StoreName.FACT and _same(held, before)
            hop = HOPS[StoreName.CSV] if as_csv else ""
            if not held:
                yield say(store, "missing", _NOT_IN_FILE if store == StoreName.ACCEPTED else hop)
            elif len(held) > 1:
                yield say(store, "duplicated", hop)
            elif not _same(held, [right]):
                yield say(store, "changed", hop)


def _same(some: Sequence[StoredEvent], others: Sequence[StoredEvent]) -> bool:
    return [each.content() for each in some] == [each.content() for each in others]


def _received_at(copies: Copies) -> datetime | None:
    moments = (each.received_at for held in copies.values() for each in held if each.received_at)
    return min(moments, default=None)
