"""Batched conditional puts and consistent reads of items, retried until a deadline.

PartiQL's INSERT is a conditional put that can be batched: 25 a call, each with its own result, so
1,000 events cost 40 calls and one write unit each (BatchWriteItem has no conditions, a
transaction costs two units an item). table.py decides which items to put.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypedDict

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.realtime.clients import answer_of, client, env
from ecom_pipeline.realtime.item_shape import Item, Key
from ecom_pipeline.realtime.retry import attempts

STATEMENTS_A_CALL = 25  # BatchExecuteStatement's limit
KEYS_A_CALL = 100  # BatchGetItem's limit
_AT_ONCE = 4
_BUSY = frozenset(
    {
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "InternalServerError",
        "TransactionConflict",
    }
)


class Statement(TypedDict):
    """A PartiQL statement and its parameters."""

    Statement: str
    Parameters: list[dict[str, str]]


class StoreError(EcomError):
    """DynamoDB rejected an item for another reason than a taken key or throttling."""


@dataclass(frozen=True, slots=True)
class Put:
    """The keys that were free and those that were taken; any other key got no response in time."""

    new: frozenset[Key]
    taken: frozenset[Key]


def put_once(items: dict[Key, Item], deadline: float) -> Put:
    """Put each item whose key is free, until `deadline` on the monotonic clock.

    A retry after a lost response finds its own key taken.

    Raises:
        StoreError: DynamoDB rejected an item.
    """
    pairs = list(items.items())
    chunks = [pairs[n : n + STATEMENTS_A_CALL] for n in range(0, len(pairs), STATEMENTS_A_CALL)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        parts = list(pool.map(partial(_put_chunk, deadline=deadline), chunks))
    return Put(
        frozenset(key for part in parts for key in part.new),
        frozenset(key for part in parts for key in part.taken),
    )


def _put_chunk(chunk: Sequence[tuple[Key, Item]], deadline: float) -> Put:
    new: set[Key] = set()
    taken: set[Key] = set()
    waiting = list(chunk)
    for _ in attempts(deadline):
        codes = _codes([_statement(item) for _, item in waiting])
        for (key, _item), code in zip(waiting, codes, strict=True):
            if code is None:
                new.add(key)
            elif code == "DuplicateItem":
                taken.add(key)
            elif code not in _BUSY:
                raise StoreError(f"{key[0]}: {code}")
        waiting = [pair for pair in waiting if pair[0] not in new | taken]
        if not waiting:
            break
    return Put(frozenset(new), frozenset(taken))


def _codes(statements: list[Statement]) -> list[str | None]:
    """Run statements and return the error code of each, or None where it succeeded."""
    call = client("dynamodb", attempts=1).batch_execute_statement
    answer = answer_of(call, Statements=statements)
    if answer is None:
        return ["InternalServerError"] * len(statements)
    return [each.get("Error", {}).get("Code") for each in answer["Responses"]]


def _statement(item: Item) -> Statement:
    attributes = ", ".join(f"'{name}': ?" for name in item)
    return {
        "Statement": f'INSERT INTO "{env("TABLE_NAME")}" VALUE {{{attributes}}}',
        "Parameters": list(item.values()),
    }


def read(wanted: Iterable[Key], deadline: float) -> tuple[dict[Key, Item], frozenset[Key]]:
    """Read items by key, consistently, until `deadline` on the monotonic clock.

    Return the items that exist, and the keys that got no response in time.
    """
    found: dict[Key, Item] = {}
    waiting = sorted(wanted)
    for _ in attempts(deadline):
        left: list[Key] = []
        for start in range(0, len(waiting), KEYS_A_CALL):
            left += _read_chunk(waiting[start : start + KEYS_A_CALL], found)
        waiting = left
        if not waiting:
            break
    return found, frozenset(waiting)


def _read_chunk(chunk: list[Key], found: dict[Key, Item]) -> list[Key]:
    """Add the existing items to `found` and return the keys that were not processed."""
    table = env("TABLE_NAME")
    asked = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in chunk]
    request = {table: {"Keys": asked, "ConsistentRead": True}}
    answer = answer_of(client("dynamodb", attempts=1).batch_get_item, RequestItems=request)
    if answer is None:
        return chunk
    found.update((_key(item), item) for item in answer["Responses"].get(table, []))
    left = answer.get("UnprocessedKeys", {}).get(table, {})
    return [_key(key) for key in left.get("Keys", [])]


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]
