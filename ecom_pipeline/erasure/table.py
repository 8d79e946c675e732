"""A customer's items in DynamoDB: found by index and by invoice, then anonymised or deleted.

Only an erasure changes items, so items can be read, changed and put without a condition.
"""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.tombstone import Mode
from ecom_pipeline.realtime.item_shape import INDEX, PERSONAL, Item, is_header, row_of

_AT_ONCE = 8
_WRITES_A_CALL = 25  # BatchWriteItem's limit
_PAUSE_SECONDS = 0.2


class _Person(Protocol):
    @property
    def customer_id(self) -> str: ...
    @property
    def mode(self) -> Mode: ...


def find(dynamodb: Any, table: str, customer_id: str, invoices: Iterable[str]) -> list[Item]:
    """Return a customer's lines and headers, in these invoices and in those of the index."""
    numbers = sorted({*invoices, *_indexed(dynamodb, table, customer_id)})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        every = pool.map(lambda number: list(_invoice(dynamodb, table, number)), numbers)
        return [item for items in every for item in items if _is_of(item, customer_id)]


def erase(dynamodb: Any, table: str, person: _Person, invoices: Iterable[str]) -> None:
    """Anonymise or delete a customer's items, by the mode of `person`."""
    found = find(dynamodb, table, person.customer_id, invoices)
    writes = [_write(item, person.mode) for item in found]
    chunks = [writes[n : n + _WRITES_A_CALL] for n in range(0, len(writes), _WRITES_A_CALL)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda chunk: _send(dynamodb, table, chunk), chunks))


def anonymous(item: Item) -> Item:
    """Return a line or a header without its customer, in the form of a guest's item."""
    left = {name: value for name, value in item.items() if name not in PERSONAL}
    if is_header(left):
        return left
    return left | {"digest": {"N": str(digest(row_of(left)))}}


def _write(item: Item, mode: Mode) -> dict[str, Any]:
    if mode == "anonymise":
        return {"PutRequest": {"Item": anonymous(item)}}
    return {"DeleteRequest": {"Key": {"pk": item["pk"], "sk": item["sk"]}}}


def _send(dynamodb: Any, table: str, writes: list[dict[str, Any]]) -> None:
    """Write a batch, and repeat with DynamoDB's unprocessed items until there are none."""
    waiting = {table: writes}
    while waiting:
        waiting = dynamodb.batch_write_item(RequestItems=waiting).get("UnprocessedItems")
        if waiting:
            time.sleep(_PAUSE_SECONDS)


def _indexed(dynamodb: Any, table: str, customer_id: str) -> set[str]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName=INDEX,
        KeyConditionExpression="customer = :customer",
        ExpressionAttributeValues={":customer": {"S": keys.customer_key(customer_id)}},
    )
    return {keys.invoice_no_of(item["pk"]["S"]) for page in pages for item in page["Items"]}


def _invoice(dynamodb: Any, table: str, number: str) -> Iterator[Item]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        ConsistentRead=True,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.invoice_pk(number)}},
    )
    for page in pages:
        yield from page["Items"]


def _is_of(item: Item, customer_id: str) -> bool:
    name, value = "customer_id", customer_id
    if is_header(item):
        name, value = "customer", keys.customer_key(customer_id)
    return item.get(name, {}).get("S") == value
