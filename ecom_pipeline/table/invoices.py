"""Reads of the table: which invoices exist, their lines' ids, their items; a scan, by invoice.

By key the cost depends on the invoices asked for, not on the table's history. Reads are
consistent where what another step just wrote must be seen. Throttled requests are repeated.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.lake.prefetch import prefetched
from ecom_pipeline.realtime.clients import answer_of
from ecom_pipeline.realtime.item_shape import RETRACTED, Item, is_retracted
from ecom_pipeline.realtime.items import KEYS_A_CALL
from ecom_pipeline.realtime.retry import attempts

_AT_ONCE = 8
_AHEAD = 4 * _AT_ONCE  # invoices in memory
_PATIENCE_SECONDS = 60


class TableBusyError(EcomError):
    """DynamoDB throttled a read, or did not answer it, for _PATIENCE_SECONDS."""


class LineIds(NamedTuple):
    """The event ids of an invoice's stored lines: those that stand, and those taken back."""

    standing: frozenset[str]
    retracted: frozenset[str]


@dataclass(frozen=True)
class InvoiceTable:
    """The table, by boto3's client and name.

    `requests` has one entry for each request sent, `units` the read units of each answer.
    """

    dynamodb: Any
    name: str
    requests: list[str] = field(default_factory=list[str])  # lists: appended to by all threads
    units: list[Decimal] = field(default_factory=list[Decimal])

    def bytes(self) -> int:
        """Return the table's size, as DynamoDB counted it some hours ago."""
        return int(self.dynamodb.describe_table(TableName=self.name)["Table"]["TableSizeBytes"])

    def existing(self, numbers: Iterable[str]) -> set[str]:
        """Return those of the invoices that have a header; 100 a request.

        Raises:
            TableBusyError: DynamoDB throttled too long; so do all reads here.
        """
        asked = sorted(numbers)
        chunks = [asked[n : n + KEYS_A_CALL] for n in range(0, len(asked), KEYS_A_CALL)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return {number for found in pool.map(self._with_header, chunks) for number in found}

    def line_ids(self, numbers: Iterable[str]) -> Iterator[tuple[str, LineIds]]:
        """Yield each invoice and the ids of its lines; a request an invoice of up to 1 MB."""
        asked = list(numbers)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from zip(asked, prefetched(pool, self._line_ids, asked, _AHEAD), strict=True)

    def items(
        self, numbers: Iterable[str], *, consistent: bool = True
    ) -> Iterator[tuple[str, list[Item]]]:
        """Yield each invoice and its items: header, lines, retracted lines.

        A consistent read costs twice as much.
        """
        asked, read = list(numbers), partial(self._items, consistent=consistent)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from zip(asked, prefetched(pool, read, asked, _AHEAD), strict=True)

    def scan(self, **request: Any) -> Iterator[tuple[str, list[Item]]]:
        """Yield the invoices of a scan and their items that match; `request` are its parameters.

        A scan returns the items of an invoice together.
        """
        items = self._pages("Scan", self.dynamodb.scan, request)
        for key, found in groupby(items, key=lambda item: item["pk"]["S"]):
            yield keys.invoice_no_of(key), list(found)

    def _with_header(self, chunk: list[str]) -> list[str]:
        waiting: dict[str, Any] = {
            self.name: {
                "Keys": [_key(number, keys.HEADER_SK) for number in chunk],
                "ConsistentRead": True,
                "ProjectionExpression": "pk",
            }
        }
        found: list[str] = []
        for _ in attempts(time.monotonic() + _PATIENCE_SECONDS):
            self.requests.append("BatchGetItem")
            answer = answer_of(self.dynamodb.batch_get_item, RequestItems=waiting)
            if answer is not None:
                items = answer["Responses"].get(self.name, [])
                found += [keys.invoice_no_of(item["pk"]["S"]) for item in items]
                waiting = answer.get("UnprocessedKeys") or {}
            if not waiting:
                return found
        raise _busy(self.name)

    def _line_ids(self, number: str) -> LineIds:
        condition = "pk = :pk AND begins_with(sk, :line)"
        values = {":line": {"S": keys.LINE_SK}}
        read = list(self._query(number, condition, values, ProjectionExpression=f"sk, {RETRACTED}"))
        ids = {keys.event_id_of(item["sk"]["S"]): is_retracted(item) for item in read}
        gone = frozenset(event_id for event_id, is_gone in ids.items() if is_gone)
        return LineIds(frozenset(ids) - gone, gone)

    def _items(self, number: str, *, consistent: bool) -> list[Item]:
        return list(self._query(number, "pk = :pk", {}, ConsistentRead=consistent))

    def _query(
        self, number: str, condition: str, values: dict[str, Any], **more: Any
    ) -> Iterator[Item]:
        request: dict[str, Any] = {
            "ConsistentRead": True,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values | {":pk": {"S": keys.invoice_pk(number)}},
        } | more
        yield from self._pages("Query", self.dynamodb.query, request)

    def _pages(
        self, name: str, call: Callable[..., Any], request: dict[str, Any]
    ) -> Iterator[Item]:
        request = {"TableName": self.name, "ReturnConsumedCapacity": "TOTAL"} | request
        while True:
            page = self._patiently(name, call, request)
            self.units.append(Decimal(str(page["ConsumedCapacity"]["CapacityUnits"])))
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _patiently(self, name: str, call: Callable[..., Any], request: dict[str, Any]) -> Any:
        for _ in attempts(time.monotonic() + _PATIENCE_SECONDS):
            self.requests.append(name)
            answer = answer_of(call, **request)
            if answer is not None:
                return answer
        raise _busy(self.name)


def _key(number: str, sort_key: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": keys.invoice_pk(number)}, "sk": {"S": sort_key}}


def _busy(name: str) -> TableBusyError:
    return TableBusyError(
        f"DynamoDB throttled reads of {name} for {_PATIENCE_SECONDS} s: try again later"
    )
