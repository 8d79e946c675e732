"""Records and mappings for the poller's tests, and their variations."""

from typing import Any

from ecom_pipeline.local.poller.mapping import Mapping, parse
from ecom_pipeline.local.poller.records import Record

FUNCTION_ARN = "arn:aws:lambda:eu-west-1:000000000000:function:store"
STREAM_ARN = "arn:aws:kinesis:eu-west-1:000000000000:stream/event-ingest"
QUEUE_ARN = "arn:aws:sqs:eu-west-1:000000000000:given-up"


def one(number: int, key: str = "k", arrived: float = 0, size: int = 10) -> Record:
    return Record(str(number), key, arrived, "x" * size)


def several(count: int) -> tuple[Record, ...]:
    return tuple(one(number) for number in range(1, count + 1))


def mapping(**changes: Any) -> Mapping:
    answer = {"UUID": "u", "FunctionArn": FUNCTION_ARN, "EventSourceArn": STREAM_ARN}
    return parse({**answer, **changes})
