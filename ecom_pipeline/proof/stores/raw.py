"""The raw lake: the first content of each event id, counted from the objects themselves."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from ecom_pipeline.batch import tombstones
from ecom_pipeline.batch.lake import Lake
from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.envelope import UnreadableError
from ecom_pipeline.domain.event import EventError, InvoiceLine
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.proof import held
from ecom_pipeline.proof.held import Finding, Held

Line = tuple[InvoiceLine, Held]


class RawStore:
    """Reads every raw object of a day, without the customers that were erased.

    `account` says what became of the records read.
    """

    name = "raw"

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.account: Counter[str] = Counter()
        self._faults: dict[str, Finding] = {}

    def days(self, first: date, last: date) -> dict[date, Totals]:
        self.account.clear()
        days = [day for day in self.lake.raw_days() if first <= day <= last]
        return {
            day: held.total(each for _, each in self._events(day, self.account)) for day in days
        }

    def buckets(self, days: Sequence[date]) -> dict[tuple[date, int], Totals]:
        found: dict[tuple[date, int], Totals] = {}
        for day in days:
            found |= held.by_bucket(day, (each for _, each in self.events(day)))
        return found

    def lines(self, wanted: held.Wanted) -> Iterator[tuple[date, Held]]:
        for day in wanted:
            yield from held.within(wanted, day, (each for _, each in self.events(day)))

    def faults(self) -> list[Finding]:
        return list(self._faults.values())

    def events(self, day: date) -> Iterator[Line]:
        """Yield the day's events that today's rules accept, the first content of each id."""
        return self._events(day, Counter())

    def _events(self, day: date, account: Counter[str]) -> Iterator[Line]:
        seen: dict[str, int] = {}
        erased = tombstones.read(self.lake)
        for key, stored in self._records(day):
            account["read"] += 1
            data = erased.applied(stored) if erased else stored
            if data is None:
                account["erased"] += 1
                continue
            event = _event(data, day)
            if event is None:
                account["quarantined"] += 1
                continue
            line, received_at = event
            found = held.held(line, key, received_at)
            if line.event_id not in seen:
                seen[line.event_id] = found.digest
                yield line, found
            elif seen[line.event_id] == found.digest:
                account["redelivered"] += 1
            else:
                account["quarantined"] += 1

    def _records(self, day: date) -> Iterator[tuple[str, bytes]]:
        """Yield the records of the objects that hold what they say; name those that do not."""
        for found in self.lake.raw_objects(day):
            try:
                lines = list(self.lake.raw_lines(found.key))
            except DamagedObjectError as error:
                self._faults[found.key] = Finding(
                    day=day, store=self.name, kind="damaged", state="lost", detail=str(error)
                )
                continue
            for data in lines:
                yield found.key, data


def _event(data: bytes, day: date) -> tuple[InvoiceLine, datetime] | None:
    """Return a record's event, or None where a rebuild of the day would set it aside."""
    try:
        record, line = envelope.event_of(data)
    except (UnreadableError, EventError):
        return None
    return (line, record.received_at) if line and line.invoice_date == day else None
