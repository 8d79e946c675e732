"""A stream's record as a function sees it, and how records become batches.

The event's shape, the cut by count and bytes, the lane of a partition key. Pure: who reads the
stream is `shard`, who decides what happens after an invocation is `delivery`.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Fields
from dataclasses import dataclass
from typing import Any

MAX_PAYLOAD = 6 * 1024 * 1024  # Lambda's limit for a synchronous invocation
_HEAD, _TAIL = '{"Records":[', "]}"
_BRACKETS = len(_HEAD) + len(_TAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a record was read, and as whom."""

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
    """Turn a record as GetRecords gives it into what Lambda's event carries."""
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
    """Return how many of the first records make one batch, by count and by bytes; never none."""
    size = _BRACKETS
    count = 0
    for one in records:
        size += len(one.body) + 1  # a body is ASCII, so its length is its bytes; and a comma
        if count and (count >= batch_size or size > MAX_PAYLOAD):
            return count
        count += 1
    return count


def worker_of(key: str, workers: int) -> int:
    """Return the lane of a partition key: equal keys share one, so their order is kept."""
    digest = hashlib.md5(key.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8]) % workers
