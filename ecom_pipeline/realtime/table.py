"""The DynamoDB table: what a line and an invoice's header look like, and how they are put once.

PartiQL's INSERT is a conditional put that batches: 25 a call, each with its own answer, so 1,000
events cost 40 calls and one write unit each (BatchWriteItem has no conditions, a transaction
costs two units an item).
"""

import random
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypedDict

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.event import InvoiceLine, digest
from ecom_pipeline.realtime.clients import client, env

Item = dict[str, dict[str, str]]
Key = tuple[str, str]

STATEMENTS_A_CALL = 25  # BatchExecuteStatement's limit
KEYS_A_CALL = 100  # BatchGetItem's limit
_AT_ONCE = 4
_ATTEMPTS = 8
_TRANSIENT = frozenset(
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


class StoreError(RuntimeError):
    """The table refused an item for another reason than that it is there."""


def put_lines(lines: Iterable[InvoiceLine]) -> dict[Key, int]:
    """Put each line once and return, for each key, the digest of the content that stands."""
    items: dict[Key, Item] = {}
    for line in lines:
        items.setdefault(key_of(line), _line_item(line))
    held = _insert(items)
    standing = {key: int(item["digest"]["N"]) for key, item in items.items() if key not in held}
    return standing | {key: int(item["digest"]["N"]) for key, item in _read(held).items()}


def put_headers(lines: Iterable[InvoiceLine]) -> None:
    """Put each invoice's header once: what does not change from line to line."""
    _insert({(keys.invoice_pk(line.invoice_no), keys.HEADER_SK): _header(line) for line in lines})


def key_of(line: InvoiceLine) -> Key:
    """Return a line's primary key."""
    return keys.invoice_pk(line.invoice_no), keys.line_sk(line.event_id)


def _line_item(line: InvoiceLine) -> Item:
    numbers = {"quantity": line.quantity, "unit_price": line.unit_price, "amount": line.amount}
    texts = {
        "stock_code": line.stock_code,
        "description": line.description,
        "customer_id": line.customer_id,
        "country": line.country,
        "invoice_time": line.invoice_time.isoformat(" "),
        "kind": line.kind,
    }
    pk, sk = key_of(line)
    return (
        {"pk": {"S": pk}, "sk": {"S": sk}, "digest": {"N": str(digest(line.row()))}}
        | {name: {"S": text} for name, text in texts.items() if text is not None}
        | {name: {"N": str(number)} for name, number in numbers.items()}
    )


def _header(line: InvoiceLine) -> Item:
    """Only a known customer's header has the index's keys: guests are in no customer's index."""
    header = {
        "pk": {"S": keys.invoice_pk(line.invoice_no)},
        "sk": {"S": keys.HEADER_SK},
        "invoice_date": {"S": line.invoice_date.isoformat()},
        "country": {"S": line.country},
    }
    if line.customer_id is None:
        return header
    return header | {
        "customer": {"S": keys.customer_key(line.customer_id)},
        "customer_invoice": {"S": keys.customer_invoice_key(line.invoice_date, line.invoice_no)},
    }


def _insert(items: dict[Key, Item]) -> set[Key]:
    """Insert items and return the keys that were taken."""
    pairs = list(items.items())
    chunks = [pairs[n : n + STATEMENTS_A_CALL] for n in range(0, len(pairs), STATEMENTS_A_CALL)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return {key for taken in pool.map(_insert_chunk, chunks) for key in taken}


def _insert_chunk(chunk: list[tuple[Key, Item]]) -> set[Key]:
    taken: set[Key] = set()
    for attempt in range(_ATTEMPTS):
        statements = [_statement(item) for _, item in chunk]
        answers = client("dynamodb").batch_execute_statement(Statements=statements)["Responses"]
        again: list[tuple[Key, Item]] = []
        for (key, item), answer in zip(chunk, answers, strict=True):
            code = answer.get("Error", {}).get("Code")
            if code == "DuplicateItem":
                taken.add(key)
            elif code in _TRANSIENT:
                again.append((key, item))
            elif code:
                raise StoreError(f"{key}: {code}: {answer['Error'].get('Message')}")
        if not again:
            return taken
        chunk = again
        time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter needs no secrecy
    raise StoreError(f"{len(chunk)} items still throttled after {_ATTEMPTS} attempts")


def _statement(item: Item) -> Statement:
    attributes = ", ".join(f"'{name}': ?" for name in item)
    return {
        "Statement": f'INSERT INTO "{env("TABLE_NAME")}" VALUE {{{attributes}}}',
        "Parameters": list(item.values()),
    }


def _read(wanted: Iterable[Key]) -> dict[Key, Item]:
    """Read items by key, consistently, until none is left unprocessed."""
    waiting: list[Any] = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in sorted(wanted)]
    found: dict[Key, Item] = {}
    pause = 0.05
    while waiting:
        now, waiting = waiting[:KEYS_A_CALL], waiting[KEYS_A_CALL:]
        request = {env("TABLE_NAME"): {"Keys": now, "ConsistentRead": True}}
        answer = client("dynamodb").batch_get_item(RequestItems=request)
        for item in answer["Responses"][env("TABLE_NAME")]:
            found[item["pk"]["S"], item["sk"]["S"]] = item
        left = answer.get("UnprocessedKeys", {}).get(env("TABLE_NAME"), {}).get("Keys", [])
        if left:
            waiting += left
            time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter needs no secrecy
            pause = min(pause * 2, 2)
    return found
