"""A stream's record in Lambda's event format, and the limits of a batch.

The event's shape, the cut by count and bytes, the worker of a partition key. No I/O: `shard` reads
the stream, `delivery` decides what follows an invocation.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Fields
from dataclasses import dataclass
from typing import Any

MAX_PAYLOAD = 6 * 1024 * 1024  # bytes; Lambda's limit for a synchronous invocation
_HEAD, _TAIL = '{"Records":[', "]}"
_BRACKETS = len(_HEAD) + len(_TAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The shard and stream of a record, and the role of the function that reads it."""

    shard: str
    stream_arn: str
    role_arn: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `body` is its JSON in the event, built once because retries send it again."""

    sequence: str
    key: str
    arrived: float
    body: str


def record(raw: Fields[str, Any], origin: Origin) -> Record:
    """Convert a record of GetRecords into a record of Lambda's event."""
    sequence, key = raw["SequenceNumber"], raw["PartitionKey"]
    arrived = round(raw["ApproximateArrivalTimestamp"].timestamp(), 3)
    body = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": key,
            "sequenceNumber": sequence,
            "data": b64encode(raw["Data"]).decode("ascii"),
            "approximateArrivalTimestamp": arrived,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{origin.shard}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": origin.role_arn,
        "awsRegion": origin.stream_arn.split(":")[3],
        "eventSourceARN": origin.stream_arn,
    }
    return Record(sequence, key, arrived, json.dumps(body, separators=(",", ":")))


def event(records: Sequence[Record]) -> str:
    """Return the payload of one invocation."""
    return _HEAD + ",".join(one.body for one in records) + _TAIL


def fitting(records: Iterable[Record], batch_size: int) -> int:
    """Return how many of the first records fit one batch, by count and bytes; at least one."""
    size = _BRACKETS
    count = 0
    for one in records:
        size += len(one.body) + 1  # a body is ASCII: characters are bytes; 1 for the comma
        if count and (count >= batch_size or size > MAX_PAYLOAD):
            return count
        count += 1
    return count


def worker_of(key: str, workers: int) -> int:
    """Return the worker of a partition key: equal keys have one worker, which keeps their order."""
    digest = hashlib.md5(key.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8]) % workers
