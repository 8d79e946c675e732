"""Compare the stores day by day: rows, pieces, exact revenue and an order-free digest of content.

Each store's sums are taken from what lies in it now, not from what was said when it was written.
"""

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from ecom_pipeline.batch import load, partition
from ecom_pipeline.batch.lake import Lake
from ecom_pipeline.batch.warehouse import Warehouse
from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.columns import CSV_HEADER, column
from ecom_pipeline.domain.envelope import Accepted
from ecom_pipeline.domain.event import digest, money
from ecom_pipeline.domain.totals import Totals, totals_of

Days = dict[date, Totals]

_QUANTITY, _TIME, _AMOUNT = (
    CSV_HEADER.index(name) for name in ("quantity", "invoice_time", "amount")
)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Each store's sums of each day; `differences` is what no store may have."""

    stores: Mapping[str, Days]

    @property
    def days(self) -> list[date]:
        return sorted({day for sums in self.stores.values() for day in sums})

    def total(self, store: str) -> Totals:
        return sum(self.stores[store].values(), Totals())

    @property
    def differences(self) -> list[str]:
        """Say, for each day on which the stores disagree, what each of them holds."""
        found: list[str] = []
        for day in self.days:
            held = {name: sums.get(day, Totals()) for name, sums in self.stores.items()}
            if len(set(map(repr, held.values()))) > 1:
                each = (f"{n} {t.rows} rows £{t.amount} {t.digest:x}" for n, t in held.items())
                found.append(f"{day}: {', '.join(each)}")
        return found


def reconcile(
    readers: Mapping[str, Callable[[date, date], Days]], first: date, last: date
) -> Reconciliation:
    """Read each store's days from first to last."""
    return Reconciliation({name: read(first, last) for name, read in readers.items()})


def readers(
    lake: Lake, dynamodb: Any, table: str, warehouse: Warehouse
) -> dict[str, Callable[[date, date], Days]]:
    """Return how each store is read, in the order of the line."""
    return {
        "raw": lambda first, last: raw_days(lake, first, last),
        "DynamoDB": lambda first, last: table_days(dynamodb, table, first, last),
        "CSV": lambda first, last: csv_days(lake, first, last),
        "fact": lambda first, last: load.fact_totals(warehouse, first, last),
    }


def raw_days(lake: Lake, first: date, last: date) -> Days:
    """Sum the raw lake, each event id once."""
    days: Days = {}
    for day in lake.raw_days():
        if first <= day <= last:
            seen: dict[str, Totals] = {}
            for found in lake.raw_objects(day):
                for data in lake.raw_lines(found.key):
                    record = envelope.decode(data)
                    if isinstance(record, Accepted) and record.event_id not in seen:
                        seen[record.event_id] = totals_of(envelope.line_of(record))
            days[day] = sum(seen.values(), Totals())
    return days


def table_days(dynamodb: Any, table: str, first: date, last: date) -> Days:
    """Sum the lines of the DynamoDB table, by a scan."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="invoice_time BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":first": {"S": f"{first.isoformat()} 00:00:00"},
            ":last": {"S": f"{last.isoformat()} 23:59:59"},
        },
    )
    return _sum(_item_row(item) for page in pages for item in page["Items"])


def csv_days(lake: Lake, first: date, last: date) -> Days:
    """Sum the rows of the parts that each day's manifest names, their SHA-256 verified."""
    days: Days = {}
    for day in lake.raw_days():
        manifest = partition.read_manifest(lake, day) if first <= day <= last else None
        for part in manifest.parts if manifest else ():
            found = lake.read_csv(part.key)
            if found is not None and sha256(found.body).hexdigest() == part.sha256:
                days[day] = days.get(day, Totals()) + _sum(_csv_rows(found.body)).get(day, Totals())
    return days


def _csv_rows(body: bytes) -> Iterator[tuple[str, ...]]:
    text = io.StringIO(gzip.decompress(body).decode(), newline="")
    rows = csv.reader(text)
    next(rows)
    return map(tuple, rows)


def _item_row(item: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return a DynamoDB line's canonical row; numbers come back without trailing zeros."""
    text = {name: next(iter(value.values())) for name, value in item.items()}
    text["event_id"] = keys.event_id_of(text["sk"])
    text["invoice_no"] = keys.invoice_no_of(text["pk"])
    for name in CSV_HEADER:
        if column(name).redshift.startswith("decimal"):
            text[name] = str(money(text[name]))
    return tuple(text.get(name, "") for name in CSV_HEADER)


def _sum(rows: Iterator[tuple[str, ...]]) -> Days:
    days: Days = {}
    for row in rows:
        day = datetime.fromisoformat(row[_TIME]).date()
        share = Totals(
            rows=1, quantity=int(row[_QUANTITY]), amount=Decimal(row[_AMOUNT]), digest=digest(row)
        )
        days[day] = days.get(day, Totals()) + share
    return days
