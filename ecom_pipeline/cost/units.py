"""Billed units of one call, by each service's rules, from its request and its response.

Sources: "DynamoDB item sizes and formats" and "Read and write operations" of its developer guide;
the pricing pages of Kinesis, S3 and SQS. Pure functions: no call is made here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ecom_pipeline.realtime.item_shape import INDEX_KEYS

Fields = Mapping[str, Any]
Units = dict[str, Decimal]

KEPT = "_kept"  # suffix of the units of storage, which are billed for each month

KB, GB = 1024, 1024**3
_READ_UNIT, _PUT_UNIT, _SQS_CHUNK = 4 * KB, 25 * KB, 64 * KB
_OVERHEAD = 100  # bytes that DynamoDB bills for an item's storage in addition to its size
_S3_TIER_1 = ("Put", "Copy", "List", "Create", "Upload", "Complete")
_S3_FREE = ("Delete", "Abort")
_ASKED_OF_DYNAMODB = {"PutItem": "write", "UpdateItem": "write", "DeleteItem": "write"} | {
    "GetItem": "read",
    "Query": "read",
    "Scan": "read",
}


def billed(service: str, operation: str, asked: Fields, answer: Fields) -> Units:
    """Return the billed units of one call; none for a service without a rule here."""
    rule = _RULES.get(service)
    found = rule(operation, asked, answer) if rule else {}
    return {name: Decimal(n) for name, n in found.items() if n}


def tells_units(service: str, operation: str) -> bool:
    """Return whether only the service can compute the units, so that they must be requested."""
    return service == "dynamodb" and operation in _ASKED_OF_DYNAMODB


def summed(parts: Iterable[Units]) -> Units:
    """Return units added up by name."""
    found: Units = {}
    for part in parts:
        for name, n in part.items():
            found[name] = found.get(name, Decimal(0)) + n
    return found


def blocks(size: int, block: int) -> int:
    """Return the number of blocks that a size takes, at least one."""
    return max(1, -(-size // block))


def item_bytes(item: Mapping[str, Fields]) -> int:
    """Return a DynamoDB item's size in bytes: names, texts as UTF-8, half a number's digits."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Fields) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        number = Decimal(content).normalize().as_tuple()
        return (len(number.digits) + 1) // 2 + 1 + number.sign
    return len(content.encode()) if kind == "S" else 1


def _s3(operation: str, asked: Fields, _answer: Fields) -> dict[str, Any]:
    if operation.startswith(_S3_FREE):
        return {}
    if not operation.startswith(_S3_TIER_1):
        return {"s3_gets": 1}
    body = asked.get("Body", b"")
    return {"s3_puts": 1, "s3_gb_kept": _gb(len(body) if isinstance(body, bytes) else 0)}


def _sqs(_operation: str, asked: Fields, answer: Fields) -> dict[str, Any]:
    sent = [asked, *asked.get("Entries", ())]
    texts = [each.get("MessageBody", "") for each in sent]
    texts += [message["Body"] for message in answer.get("Messages", ())]
    return {"sqs_requests": blocks(sum(len(text.encode()) for text in texts), _SQS_CHUNK)}


def _glue(_operation: str, _asked: Fields, _answer: Fields) -> dict[str, Any]:
    return {"glue_requests": 1}


def _kinesis(operation: str, asked: Fields, _answer: Fields) -> dict[str, Any]:
    """Count put records in units of 1 KB (on demand) and 25 KB (provisioned); reads are free."""
    if operation not in {"PutRecord", "PutRecords"}:
        return {}
    records = asked.get("Records", [asked])
    sizes = [_bytes(each["Data"]) + _bytes(each["PartitionKey"]) for each in records]
    return {
        "kinesis_gb_in": _gb(sum(KB * blocks(size, KB) for size in sizes)),
        "kinesis_put_units": sum(blocks(size, _PUT_UNIT) for size in sizes),
    }


def _dynamodb(operation: str, asked: Fields, answer: Fields) -> dict[str, Any]:
    if not answer:
        return {}
    if operation == "BatchExecuteStatement":
        return summed(map(_insert, asked["Statements"], answer["Responses"]))
    if operation == "BatchGetItem":
        return {"dynamodb_read_units": _read_units(asked["RequestItems"], answer)}
    if operation not in _ASKED_OF_DYNAMODB or "ConsumedCapacity" not in answer:
        return {}
    consumed = Decimal(str(answer["ConsumedCapacity"]["CapacityUnits"]))
    return {f"dynamodb_{_ASKED_OF_DYNAMODB[operation]}_units": consumed}


def _insert(statement: Fields, answer: Fields) -> Units:
    """Count a PartiQL INSERT; a failed one costs as much, except for the write to the index."""
    names = statement["Statement"].partition("{")[2].split("'")[1::2]
    item = dict(zip(names, statement["Parameters"], strict=True))
    units = blocks(item_bytes(item), KB)
    if "Error" in answer:
        return {"dynamodb_write_units": Decimal(units)}
    kept = item_bytes(item) + _OVERHEAD
    if item.keys() >= set(INDEX_KEYS):
        units += 1
        kept += item_bytes({name: item[name] for name in INDEX_KEYS}) + _OVERHEAD
    return {"dynamodb_write_units": Decimal(units), "dynamodb_gb_kept": _gb(kept)}


def _read_units(asked: Mapping[str, Fields], answer: Fields) -> Decimal:
    """Return a BatchGetItem's read units; a missing item costs as much as a small one."""
    found = Decimal(0)
    for table, wanted in asked.items():
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ())
        items: Sequence[Mapping[str, Fields]] = answer["Responses"].get(table, ())
        absent = len(wanted["Keys"]) - len(left) - len(items)
        units = absent + sum(blocks(item_bytes(item), _READ_UNIT) for item in items)
        found += units if wanted.get("ConsistentRead") else Decimal(units) / 2
    return found


def _bytes(data: bytes | str) -> int:
    return len(data.encode() if isinstance(data, str) else data)


def _gb(size: int) -> Decimal:
    return Decimal(size) / GB


_RULES: dict[str, Callable[[str, Fields, Fields], dict[str, Any]]] = {
    "dynamodb": _dynamodb,
    "glue": _glue,
    "kinesis": _kinesis,
    "s3": _s3,
    "sqs": _sqs,
}
