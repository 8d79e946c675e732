"""The data model of a comparison: stored events, discrepancies, and totals by day and bucket.

Reading of the stores is in stores/, classification of differences in classify.py.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import md5
from typing import Literal, NamedTuple, Protocol

import msgspec

from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.event import InvoiceLine
from ecom_pipeline.domain.totals import Totals

BUCKETS = 64
DAYS_AT_ONCE = 4
"""Days that a store reads at once; each is in memory as sums, and as an id per event."""


class StoreName(StrEnum):
    """The stores of events, in pipeline order."""

    ACCEPTED = "accepted"
    RAW = "raw"
    DYNAMODB = "DynamoDB"
    CSV = "CSV"
    FACT = "fact"


HOPS = {
    StoreName.ACCEPTED: "producer -> API",
    StoreName.RAW: "stream -> raw",
    StoreName.DYNAMODB: "stream -> DynamoDB",
    StoreName.CSV: "raw -> CSV",
    StoreName.FACT: "CSV -> fact",
}

Kind = Literal["missing", "extra", "changed", "duplicated", "damaged", "header"]
State = Literal["different", "lost", "in_flight"]
DayTotals = Mapping[date, Totals]
BucketTotals = Mapping[tuple[date, int], Totals]
BucketsByDay = Mapping[date, frozenset[int]]
LinesByInvoice = Mapping[str, int]


class StoredEvent(NamedTuple):
    """An event in a store; `location` is its invoice number or S3 key, or empty."""

    event_id: str
    quantity: int
    amount: Decimal
    digest: int
    location: str = ""
    received_at: datetime | None = None

    def content(self) -> tuple[str, int, Decimal, int]:
        """Return the values that must be equal in all stores: without location and arrival."""
        return self.event_id, self.quantity, self.amount, self.digest


class Discrepancy(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One difference of a store, or an event in flight: day, store, kind, event and hop.

    `location` is the invoice number in DynamoDB (several for a duplicate), or the S3 key.
    """

    day: date
    store: StoreName
    kind: Kind
    state: State = "different"
    event_id: str = ""
    hop: str = ""
    location: str = ""
    detail: str = ""

    def __str__(self) -> str:
        what = f"event {self.event_id} {self.kind}" if self.event_id else self.kind
        words = {"lost": "LOST: ", "in_flight": "in flight: "}.get(self.state, "")
        hop = f" ({self.hop})" if self.hop else ""
        more = "".join(f", {text}" for text in (self.location, self.detail) if text)
        return f"{self.day} {self.store}: {words}{what}{hop}{more}"


class Store(Protocol):
    """A store that can be compared: totals by day and bucket, and the events of buckets.

    `needs` are the stores whose totals must be read before its own.
    """

    name: StoreName
    needs: frozenset[StoreName]

    def days(self, first: date, last: date) -> DayTotals:
        """Return the totals of each day that has events."""
        ...

    def buckets(self, days: Sequence[date]) -> BucketTotals:
        """Return the totals of these days by (day, bucket); call `days` first."""
        ...

    def lines(self, wanted: BucketsByDay) -> Iterator[tuple[date, StoredEvent]]:
        """Yield the day and the event of each event in these buckets."""
        ...

    def faults(self) -> list[Discrepancy]:
        """Return the discrepancies of the store itself that were found while it was read."""
        ...


def bucket_of(event_id: str) -> int:
    """Return an event's bucket, 0 to 63: six bits of the MD5 of its id; SQL can compute it too."""
    return md5(event_id.encode(), usedforsecurity=False).digest()[0] % BUCKETS


def stored_event(line: InvoiceLine, location: str, received_at: datetime | None) -> StoredEvent:
    """Return an invoice line as a stored event."""
    row_digest = digest(line.row())
    return StoredEvent(line.event_id, line.quantity, line.amount, row_digest, location, received_at)


class Sums:
    """A mutable accumulator of Totals: a new Totals for each of a million lines costs seconds."""

    __slots__ = ("amount", "digest", "quantity", "rows")

    def __init__(self) -> None:
        self.rows = self.quantity = self.digest = 0
        self.amount = Decimal("0.0000")

    def add(self, line: StoredEvent) -> None:
        self.rows += 1
        self.quantity += line.quantity
        self.amount += line.amount
        self.digest += line.digest

    def totals(self) -> Totals:
        return Totals(
            rows=self.rows, quantity=self.quantity, amount=self.amount, digest=self.digest
        )


def total(lines: Iterable[StoredEvent]) -> Totals:
    """Return the totals of events."""
    sums = Sums()
    for each in lines:
        sums.add(each)
    return sums.totals()


def by_bucket(day: date, lines: Iterable[StoredEvent]) -> dict[tuple[date, int], Totals]:
    """Return the totals of a day's events by (day, bucket)."""
    found: defaultdict[int, Sums] = defaultdict(Sums)
    for each in lines:
        found[bucket_of(each.event_id)].add(each)
    return {(day, bucket): sums.totals() for bucket, sums in found.items()}


def within(
    wanted: BucketsByDay, day: date, lines: Iterable[StoredEvent]
) -> Iterator[tuple[date, StoredEvent]]:
    """Yield the day and the event of each of a day's events in the wanted buckets."""
    for each in lines:
        if bucket_of(each.event_id) in wanted[day]:
            yield day, each
