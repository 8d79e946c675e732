"""The data set that a producer sent, as a store to compare with the others."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from ecom_pipeline.domain.event import InvoiceLine
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.reconcile import model
from ecom_pipeline.reconcile.model import Discrepancy, StoredEvent, StoreName, Sums


class SentStore:
    """Reads a producer's lines again for each call; they are streamed, never all in memory."""

    name = StoreName.ACCEPTED
    needs: frozenset[StoreName] = frozenset()

    def __init__(self, lines: Callable[[date, date], Iterable[InvoiceLine]]) -> None:
        self.sent = lines

    def days(self, first: date, last: date) -> dict[date, Totals]:
        sums: defaultdict[date, Sums] = defaultdict(Sums)
        for line in self.sent(first, last):
            sums[line.invoice_date].add(model.stored_event(line, "", None))
        return {day: each.totals() for day, each in sums.items()}

    def buckets(self, days: Sequence[date]) -> dict[tuple[date, int], Totals]:
        sums: defaultdict[tuple[date, int], Sums] = defaultdict(Sums)
        for day, line in self._lines(days):
            sums[day, model.bucket_of(line.event_id)].add(line)
        return {location: each.totals() for location, each in sums.items()}

    def lines(self, wanted: model.BucketsByDay) -> Iterator[tuple[date, StoredEvent]]:
        for day, line in self._lines(list(wanted)):
            if model.bucket_of(line.event_id) in wanted[day]:
                yield day, line

    def faults(self) -> list[Discrepancy]:
        return []

    def _lines(self, days: Sequence[date]) -> Iterator[tuple[date, StoredEvent]]:
        for line in self.sent(min(days), max(days)) if days else ():
            if line.invoice_date in days:
                yield line.invoice_date, model.stored_event(line, "", None)
