"""The raw lake: the first content of each event id, read from the objects themselves."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

import msgspec

from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.digest import SEPARATOR, digest_of_text
from ecom_pipeline.domain.envelope import UnreadableError
from ecom_pipeline.domain.event import EventError, InvoiceLine
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.domain.tombstone import Tombstones
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import retractions, tombstones
from ecom_pipeline.lake.buckets import Lake, ObjectInfo
from ecom_pipeline.lake.prefetch import prefetched
from ecom_pipeline.lake.rows import CachingReader, event_of
from ecom_pipeline.reconcile import model
from ecom_pipeline.reconcile.model import DAYS_AT_ONCE, Discrepancy, StoredEvent, StoreName

Line = tuple[InvoiceLine, StoredEvent]
_NUMBER = CSV_HEADER.index("invoice_no")


class _Arrival(msgspec.Struct):
    received_at: datetime


_ARRIVAL = msgspec.json.Decoder(_Arrival)


class RawStore:
    """Reads every raw object of a day, with erased customers redacted and without retracted lines.

    `invoices` has the records of each invoice, by day read; `account` counts the records by
    outcome: read, redelivered, quarantined, erased, retracted.
    `retracted` has the event ids of retracted lines, by day read.
    """

    name = StoreName.RAW
    needs: frozenset[StoreName] = frozenset()

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.account: Counter[str] = Counter()
        self.invoices: dict[date, Counter[str]] = {}
        self.retracted: dict[date, frozenset[str]] = {}
        self._read = CachingReader()
        self._erased: Tombstones | None = None
        self._faults: dict[str, Discrepancy] = {}

    def days(self, first: date, last: date) -> dict[date, Totals]:
        self.account.clear()
        days = [day for day in self.lake.raw.days() if first <= day <= last]
        with ThreadPoolExecutor(DAYS_AT_ONCE) as pool:
            sums = prefetched(pool, self._day, days, DAYS_AT_ONCE)
            found: dict[date, Totals] = {}
            for day, (totals, account) in zip(days, sums, strict=True):
                self.account += account
                found[day] = totals
        return found

    def _day(self, day: date) -> tuple[Totals, Counter[str]]:
        account = Counter[str]()
        return model.total(self._held(day, account)), account

    def buckets(self, days: Sequence[date]) -> dict[tuple[date, int], Totals]:
        found: dict[tuple[date, int], Totals] = {}
        for day in days:
            found |= model.by_bucket(day, self._held(day, Counter()))
        return found

    def lines(self, wanted: model.BucketsByDay) -> Iterator[tuple[date, StoredEvent]]:
        for day in wanted:
            yield from model.within(wanted, day, self._held(day, Counter()))

    def faults(self) -> list[Discrepancy]:
        return list(self._faults.values())

    def events(self, day: date) -> Iterator[Line]:
        """Yield the day's valid events, the first content of each id."""
        for data, found in self._first(day, Counter()):
            yield event_of(data, day)[1], found

    def _held(self, day: date, account: Counter[str]) -> Iterator[StoredEvent]:
        return (found for _, found in self._first(day, account))

    def _first(self, day: date, account: Counter[str]) -> Iterator[tuple[bytes, StoredEvent]]:
        """Yield each event's first record, redacted if necessary, and its stored event."""
        read = self._read
        seen: dict[str, int] = {}
        known = 0
        invoices = self.invoices[day] = Counter[str]()
        erased = self._tombstones()
        objects = self.lake.raw.objects_of(day)
        retracted = self.retracted[day] = retractions.retracted_in(self.lake, objects)
        for key, stored in self._records(day, retractions.events_in(objects)):
            account["read"] += 1
            data = erased.applied(stored) if erased else stored
            if data is None:
                account["erased"] += 1
                continue
            try:
                event_id, text, quantity, amount = read(data, day)
            except (UnreadableError, EventError):  # a rebuild of the day would quarantine it
                account["quarantined"] += 1
                continue
            invoices[text.split(SEPARATOR, 2)[_NUMBER]] += 1
            if event_id in retracted:
                account["retracted"] += 1
                continue
            row_digest = digest_of_text(text)
            first_digest = seen.setdefault(event_id, row_digest)
            if len(seen) > known:
                known += 1
                received_at = _ARRIVAL.decode(data).received_at
                yield data, StoredEvent(event_id, quantity, amount, row_digest, key, received_at)
            else:
                account["redelivered" if first_digest == row_digest else "quarantined"] += 1

    def _tombstones(self) -> Tombstones:
        """Return the lake's tombstones, read once for all days."""
        if self._erased is None:
            self._erased = tombstones.read(self.lake)
        return self._erased

    def _records(self, day: date, objects: Iterable[ObjectInfo]) -> Iterator[tuple[str, bytes]]:
        """Yield the key and the bytes of each record of intact objects; report damaged ones."""
        for found in objects:
            try:
                lines = list(self.lake.raw.lines(found.key))
            except DamagedObjectError as error:
                self._faults[found.key] = Discrepancy(
                    day=day, store=self.name, kind="damaged", state="lost", detail=str(error)
                )
                continue
            for data in lines:
                yield found.key, data
