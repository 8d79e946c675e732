"""DynamoDB: one scan computes totals by day and bucket, and checks each invoice's header.

A scan returns the items of an invoice together, so only one invoice is in memory at a time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.realtime.item_shape import (
    RECEIVED_AT,
    day_of,
    is_header,
    is_header_of,
    is_retracted,
    row_of,
)
from ecom_pipeline.reconcile import model
from ecom_pipeline.reconcile.model import Discrepancy, StoredEvent, StoreName, Sums

Item = Mapping[str, Mapping[str, str]]

_BETWEEN = "invoice_time BETWEEN :a AND :b OR invoice_date BETWEEN :c AND :d"
_ID, _QUANTITY, _AMOUNT = map(CSV_HEADER.index, ("event_id", "quantity", "amount"))


class TableStore:
    """Scans the table; `faults` are headers without lines, lines without headers, wrong headers."""

    name = StoreName.DYNAMODB

    def __init__(self, dynamodb: Any, table_name: str) -> None:
        self.dynamodb = dynamodb
        self.table = table_name
        self._sums: dict[tuple[date, int], Totals] = {}
        self._faults: list[Discrepancy] = []

    def days(self, first: date, last: date) -> dict[date, Totals]:
        sums: defaultdict[tuple[date, int], Sums] = defaultdict(Sums)
        self._faults = []
        for items in self._invoices(first, last):
            for day, line in _lines(items):
                sums[day, model.bucket_of(line.event_id)].add(line)
            if header_faults(items):  # other items may be on other days, or just written: read all
                self._faults += header_faults(self._invoice(items[0]["pk"]["S"]))
        self._sums = {location: each.totals() for location, each in sums.items()}
        days: defaultdict[date, Totals] = defaultdict(Totals)
        for (day, _), totals in self._sums.items():
            days[day] += totals
        return dict(days)

    def buckets(self, days: Sequence[date]) -> dict[tuple[date, int], Totals]:
        """Return the totals that `days` computed: a second scan would cost as much again."""
        return {(day, n): totals for (day, n), totals in self._sums.items() if day in days}

    def lines(self, wanted: model.BucketsByDay) -> Iterator[tuple[date, StoredEvent]]:
        for items in self._invoices(min(wanted), max(wanted)):
            for day, line in _lines(items):
                if day in wanted and model.bucket_of(line.event_id) in wanted[day]:
                    yield day, line

    def faults(self) -> list[Discrepancy]:
        return self._faults

    def _invoices(self, first: date, last: date) -> Iterator[list[Item]]:
        """Yield the items of these days, grouped by invoice."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            FilterExpression=_BETWEEN,
            ExpressionAttributeValues={
                ":a": {"S": f"{first} 00:00:00"},
                ":b": {"S": f"{last} 23:59:59"},
                ":c": {"S": first.isoformat()},
                ":d": {"S": last.isoformat()},
            },
        )
        items: Iterator[Item] = (item for page in pages for item in _standing(page["Items"]))
        for _, invoice in groupby(items, key=lambda item: item["pk"]["S"]):
            yield list(invoice)

    def _invoice(self, key: str) -> list[Item]:
        """Return all items of an invoice but retracted lines, by a consistent read."""
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": key}},
        )
        return [item for page in pages for item in _standing(page["Items"])]


def _standing(items: Iterable[Item]) -> Iterator[Item]:
    """Yield headers and lines, without the retracted ones."""
    return (item for item in items if not is_retracted(item))


def header_faults(items: Sequence[Item]) -> list[Discrepancy]:
    """Return an invoice's header fault: no header, no lines, or a header that does not match."""
    header = next((item for item in items if is_header(item)), None)
    lines = [item for item in items if item is not header]
    if not items:
        return []
    number = keys.invoice_no_of(items[0]["pk"]["S"])
    if header is None:
        return [_fault(day_of(lines[0]), number, "lines without a header")]
    day = date.fromisoformat(header["invoice_date"]["S"])
    if not lines:
        return [_fault(day, number, "a header without lines")]
    if not any(is_header_of(header, line) for line in lines):
        return [_fault(day, number, "a header that is not its lines'")]
    return []


def _fault(day: date, number: str, detail: str) -> Discrepancy:
    return Discrepancy(
        day=day,
        store=TableStore.name,
        kind="header",
        hop=model.HOPS[TableStore.name],
        location=number,
        detail=detail,
    )


def _lines(items: Iterable[Item]) -> Iterator[tuple[date, StoredEvent]]:
    for item in items:
        if not is_header(item):
            yield day_of(item), _held(item)


def _held(item: Item) -> StoredEvent:
    row = row_of(item)
    moment = item.get(RECEIVED_AT)
    return StoredEvent(
        row[_ID],
        int(row[_QUANTITY]),
        Decimal(row[_AMOUNT]),
        digest(row),
        keys.invoice_no_of(item["pk"]["S"]),
        datetime.fromisoformat(moment["S"]) if moment else None,
    )
