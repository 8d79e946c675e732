"""The CSV lake: the rows of the parts in a day's manifest, with verified SHA-256."""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from hashlib import sha256

from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.manifest import Manifest, ManifestError
from ecom_pipeline.lake.prefetch import prefetched
from ecom_pipeline.reconcile import model
from ecom_pipeline.reconcile.model import DAYS_AT_ONCE, Discrepancy, StoredEvent, StoreName

_ID, _NUMBER, _QUANTITY, _AMOUNT = map(
    CSV_HEADER.index, ("event_id", "invoice_no", "quantity", "amount")
)


class CsvStore:
    """Reads each day's committed parts; `faults` are orphaned, missing and damaged objects.

    `invoices` has the lines of each invoice, by day read.
    """

    name = StoreName.CSV
    needs: frozenset[StoreName] = frozenset()

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.invoices: dict[date, Counter[str]] = {}
        self._faults: dict[str, Discrepancy] = {}

    def days(self, first: date, last: date) -> dict[date, Totals]:
        days = [day for day in self.lake.csv.days() if first <= day <= last]
        with ThreadPoolExecutor(DAYS_AT_ONCE) as pool:
            sums = dict(zip(days, prefetched(pool, self._day, days, DAYS_AT_ONCE), strict=True))
        return {day: totals for day, totals in sums.items() if totals.rows}

    def _day(self, day: date) -> Totals:
        self._inspect(day)
        return model.total(self._rows(day))

    def buckets(self, days: Sequence[date]) -> dict[tuple[date, int], Totals]:
        found: dict[tuple[date, int], Totals] = {}
        for day in days:
            found |= model.by_bucket(day, self._rows(day))
        return found

    def lines(self, wanted: model.BucketsByDay) -> Iterator[tuple[date, StoredEvent]]:
        for day in wanted:
            yield from model.within(wanted, day, self._rows(day))

    def faults(self) -> list[Discrepancy]:
        return list(self._faults.values())

    def _rows(self, day: date) -> Iterator[StoredEvent]:
        manifest = self._manifest(day)
        invoices = self.invoices[day] = Counter[str]()
        for part in manifest.parts if manifest else ():
            found = self.lake.csv.read(part.key)
            if found is None:
                self._say(day, "damaged", f"{part.key} is missing")
            elif sha256(found.body).hexdigest() != part.sha256:
                self._say(day, "damaged", f"{part.key} differs from its manifest's SHA-256")
            else:
                yield from _held(found.body, part.key, invoices)

    def _manifest(self, day: date) -> Manifest | None:
        try:
            return partition.read_manifest(self.lake, day)
        except ManifestError as error:
            self._say(day, "damaged", str(error))
            return None

    def _inspect(self, day: date) -> None:
        """Report parts that are in no manifest, and missing raw objects of the manifest."""
        manifest = self._manifest(day)
        named = {part.key for part in manifest.parts} if manifest else set[str]()
        for key in self.lake.csv.part_keys(day):
            if key not in named:
                self._say(day, "extra", f"no manifest has {key}; readers of the prefix include it")
        there = {found.key for found in self.lake.raw.objects_of(day)}
        for source in manifest.sources if manifest else ():
            if source.key not in there:
                self._faults[source.key] = Discrepancy(
                    day=day,
                    store=StoreName.RAW,
                    kind="missing",
                    state="lost",
                    detail=f"{source.key} was deleted after the CSV was built from it: restore it",
                )

    def _say(self, day: date, kind: model.Kind, detail: str) -> None:
        self._faults[detail] = Discrepancy(
            day=day, store=self.name, kind=kind, hop=model.HOPS[self.name], detail=detail
        )


def _held(body: bytes, key: str, invoices: Counter[str]) -> Iterator[StoredEvent]:
    """Yield a part's rows, and count them by invoice."""
    text = io.StringIO(gzip.decompress(body).decode(), newline="")
    rows = csv.reader(text)
    next(rows)
    for row in rows:
        invoices[row[_NUMBER]] += 1
        yield StoredEvent(
            row[_ID], int(row[_QUANTITY]), Decimal(row[_AMOUNT]), digest(tuple(row)), key
        )
