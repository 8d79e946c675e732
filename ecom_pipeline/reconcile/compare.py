"""Compare the stores: totals by day; where those differ, by bucket; where those differ, events.

Each store's totals are computed from its current content, not from counts recorded at the write.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeVar

from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.reconcile.classify import Watermark, classify
from ecom_pipeline.reconcile.model import DayTotals, Discrepancy, Store, StoreName
from ecom_pipeline.reconcile.reading import Reading
from ecom_pipeline.reconcile.stores.raw import RawStore
from ecom_pipeline.reconcile.stores.table import TableStore

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Each store's totals by day, and the discrepancies, event by event.

    `account` counts the raw records by outcome; `seconds` is the duration of each store's reads.
    `reading` is how DynamoDB was read, `read_units` what it took.
    """

    stores: Mapping[str, DayTotals]
    findings: Sequence[Discrepancy] = ()
    account: Mapping[str, int] = field(default_factory=dict[str, int], compare=False)
    seconds: Mapping[str, float] = field(default_factory=dict[str, float], compare=False)
    reading: Reading | None = field(default=None, compare=False)
    read_units: Decimal = field(default=Decimal(0), compare=False)

    @property
    def days(self) -> list[date]:
        return sorted({day for sums in self.stores.values() for day in sums})

    def total(self, store: str) -> Totals:
        return sum(self.stores[store].values(), Totals())

    @property
    def wrong(self) -> list[Discrepancy]:
        """The discrepancies that are not in flight."""
        return [each for each in self.findings if each.state != "in_flight"]

    @property
    def in_flight(self) -> list[Discrepancy]:
        return [each for each in self.findings if each.state == "in_flight"]

    @property
    def differing(self) -> list[date]:
        """The days with differences that are not in flight."""
        wrong = {each.day for each in self.wrong}
        explained = {each.day for each in self.in_flight} - wrong
        return sorted(set(_differing(self.stores)) - explained | wrong)

    @property
    def differences(self) -> list[str]:
        """Each differing day as text, with the totals of each store."""
        return [self._day(day) for day in self.differing]

    def _day(self, day: date) -> str:
        held = {name: sums.get(day, Totals()) for name, sums in self.stores.items()}
        each = (f"{n} {t.rows} rows {t.amount} {t.digest:x}" for n, t in held.items())
        return f"{day}: {', '.join(each)}"


def reconcile(
    stores: Sequence[Store],
    first: date,
    last: date,
    watermark: Watermark,
    accepted: DayTotals | None = None,
) -> Reconciliation:
    """Read the stores, in parallel if none needs another's result, and classify their differences.

    `accepted` are the totals that the API acknowledged to a producer. They can show that a day
    differs, but not which event.
    """
    read: dict[str, tuple[DayTotals, float]] = {}
    for needing in (False, True):
        now = [store for store in stores if bool(store.needs) == needing]
        with ThreadPoolExecutor(len(stores)) as pool:
            done = pool.map(lambda store: _timed(lambda: store.days(first, last)), now)
            read |= dict(zip((store.name for store in now), done, strict=True))
    named: dict[str, DayTotals] = {store.name: read[store.name][0] for store in stores}
    sums = named if accepted is None else {StoreName.ACCEPTED: accepted} | named
    found = [fault for store in stores for fault in store.faults()]
    raw = next((store for store in stores if isinstance(store, RawStore)), None)
    table = next((store for store in stores if isinstance(store, TableStore)), None)
    found += classify(stores, _differing(named), watermark, raw.retracted if raw else {})
    return Reconciliation(
        stores=sums,
        findings=sorted(found),
        account=dict(raw.account) if raw else {},
        seconds={store.name: read[store.name][1] for store in stores},
        reading=table.reading if table else None,
        read_units=sum(table.table.units, Decimal(0)) if table else Decimal(0),
    )


def _differing(stores: Mapping[str, DayTotals]) -> list[date]:
    days = sorted({day for sums in stores.values() for day in sums})
    return [
        day for day in days if len({repr(sums.get(day, Totals())) for sums in stores.values()}) > 1
    ]


def _timed(work: Callable[[], _T]) -> tuple[_T, float]:
    began = time.monotonic()
    return work(), time.monotonic() - began
