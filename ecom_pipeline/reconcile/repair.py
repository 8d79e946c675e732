"""Repair discrepancies from the raw lake; every step is idempotent.

Items are put into DynamoDB again; a day's CSV and fact rows are rebuilt. A loss of the raw lake
itself is not repaired, and its days are not rebuilt: that would propagate the loss.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

from ecom_pipeline.domain import keys
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.realtime import item_shape
from ecom_pipeline.realtime.item_shape import RETRACTED
from ecom_pipeline.reconcile.model import Discrepancy, StoreName
from ecom_pipeline.reconcile.stores.raw import Line, RawStore
from ecom_pipeline.table import retract
from ecom_pipeline.table.retract import LineKey
from ecom_pipeline.warehouse import load, marts, trust
from ecom_pipeline.warehouse.ledger import RESTATEMENT
from ecom_pipeline.warehouse.load import RefusedDaysError
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline.warehouse.session import Warehouse

_AT_ONCE = 8
_UNWRITTEN = "attribute_not_exists(pk)"
_NO_LINE = f"{_UNWRITTEN} OR attribute_exists({RETRACTED})"


@dataclass(frozen=True, slots=True)
class Repair:
    """The repaired items and days, and the days not rebuilt because raw has lost events of them.

    `refused` is the text of what is wrong with rebuilt days that break a rule.
    """

    items: int
    days: Sequence[date]
    lost: Sequence[date]
    refused: str = ""

    def __str__(self) -> str:
        text = f"repaired {self.items} items in DynamoDB, rebuilt {_listed(self.days)}"
        text += f"; raw has lost events of {_listed(self.lost)}" if self.lost else ""
        return text + (f"; {self.refused}" if self.refused else "")


def _listed(days: Sequence[date]) -> str:
    return ", ".join(map(str, days)) or "no day"


@dataclass(frozen=True, slots=True)
class Writable:
    """The stores that a repair reads (the raw lake) and writes."""

    lake: Lake
    dynamodb: Any
    table: str
    warehouse: Warehouse


def repair(stores: Writable, wrong: Sequence[Discrepancy]) -> Repair:
    """Repair discrepancies from raw, except the days of which raw has lost events."""
    lost = {each.day for each in wrong if each.state == "lost"}
    realtime = [
        each
        for each in wrong
        # a header without lines in raw may be one whose lines raw has lost
        if each.store == StoreName.DYNAMODB and not (each.kind == "header" and each.day in lost)
    ]
    days = sorted(
        {each.day for each in wrong if each.store in {StoreName.CSV, StoreName.FACT}} - lost
    )
    items = _repair_items(stores, realtime)
    refused = _rebuilt(stores, days) if days else None
    published = [day for day in days if refused is None or day not in refused.days]
    text = str(refused) if refused else ""
    trust.keep_repair(stores.warehouse, items=items, rebuilt=len(published), lost=len(lost))
    return Repair(items=items, days=published, lost=sorted(lost), refused=text)


def _rebuilt(stores: Writable, days: Sequence[date]) -> RefusedDaysError | None:
    """Rebuild days and their marts; return the error of those that break a rule."""
    refused = None
    for day in days:
        partition.build(stores.lake, day)
    try:
        load.publish(stores.warehouse, stores.lake, days, cause=load.REPAIR)
    except RefusedDaysError as error:  # the other days are published
        refused = error
    marts.refresh(stores.warehouse, MARTS)
    return refused


def _repair_items(stores: Writable, findings: Iterable[Discrepancy]) -> int:
    by_day: dict[date, list[Discrepancy]] = defaultdict(list)
    for each in findings:
        by_day[each.day].append(each)
    raw = RawStore(stores.lake)
    repaired = 0
    for day, wrong in by_day.items():
        events = {line.event_id: (line, held) for line, held in raw.events(day)}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            repaired += sum(pool.map(lambda each: _repair_item(stores, each, events), wrong))  # noqa: B023
    return repaired


def _repair_item(stores: Writable, wrong: Discrepancy, events: Mapping[str, Line]) -> int:
    """Repair one discrepancy; return 1, or 0 when raw does not have the event or its arrival."""
    if wrong.kind == "header":
        return _repair_header(stores, wrong.location, events)
    if wrong.kind == "extra":  # a retracted line: no other is extra in DynamoDB
        for number in wrong.location.split():
            line_key = LineKey(number, wrong.event_id)
            retract.retract(stores.dynamodb, stores.table, line_key, RESTATEMENT)
        return 1
    if wrong.event_id not in events:
        return 0
    line, held = events[wrong.event_id]
    if wrong.kind == "duplicated":
        return _remove_copies(stores, wrong, line.invoice_no)
    received_at = held.received_at
    if received_at is None:
        return 0
    condition = {"ConditionExpression": _NO_LINE} if wrong.kind == "missing" else {}
    _put(stores, item_shape.line_item(line, received_at), condition)
    _put(stores, item_shape.header_item(line), {"ConditionExpression": _UNWRITTEN})
    return 1


def _repair_header(stores: Writable, number: str, events: Mapping[str, Line]) -> int:
    """Put the header of the invoice's lines in raw; delete a header that has no lines."""
    line = next((line for line, _ in events.values() if line.invoice_no == number), None)
    if line is not None:
        _put(stores, item_shape.header_item(line), {})
    else:
        _delete(stores, number, keys.HEADER_SK)
    return 1


def _remove_copies(stores: Writable, wrong: Discrepancy, right: str) -> int:
    """Delete an event's lines from all invoices but the one that it has in raw, `right`."""
    for number in wrong.location.split():
        if number != right:
            _delete(stores, number, keys.line_sk(wrong.event_id))
    return 1


def _put(stores: Writable, item: item_shape.Item, condition: Mapping[str, str]) -> None:
    try:
        stores.dynamodb.put_item(TableName=stores.table, Item=item, **condition)
    except stores.dynamodb.exceptions.ConditionalCheckFailedException:
        return  # written meanwhile, or by an earlier put whose response was lost


def _delete(stores: Writable, number: str, sort_key: str) -> None:
    key = {"pk": {"S": keys.invoice_pk(number)}, "sk": {"S": sort_key}}
    stores.dynamodb.delete_item(TableName=stores.table, Key=key)
