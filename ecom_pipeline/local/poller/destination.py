"""The invocation record: what Lambda sends to an on-failure destination for discarded records.

Bodies and names only, without I/O; `aws` sends, `delivery` decides when to discard.
docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ecom_pipeline.local.poller.delivery import Discard
from ecom_pipeline.local.poller.mapping import Mapping
from ecom_pipeline.local.poller.records import event

_FUNCTION_ERRORS = ("Handled", "Unhandled")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationRecord:
    """A message for a queue, or an object for a bucket; `key` is empty for a queue."""

    name: str
    key: str
    body: str


def invocation_record(discard: Discard, mapping: Mapping, shard: str) -> InvocationRecord | None:
    """Return the invocation record for the mapping's destination; None if it has none."""
    if mapping.destination is None:
        return None
    now = datetime.now(UTC)
    content = _content(discard, mapping, shard, now)
    name = mapping.destination.rsplit(":", 1)[1]
    if mapping.destination.split(":")[2] == "sqs":
        return InvocationRecord(name=name, key="", body=json.dumps(content))
    content["payload"] = event(discard.records)
    moment = f"{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
    key = f"aws/lambda/{mapping.uuid}/{shard}/{moment}"
    return InvocationRecord(name=name, key=key, body=json.dumps(content))


def _content(discard: Discard, mapping: Mapping, shard: str, now: datetime) -> dict[str, Any]:
    first, last = discard.records[0], discard.records[-1]
    content: dict[str, Any] = {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": mapping.function_arn,
            "condition": discard.condition,
            "approximateInvokeCount": discard.invocations,
        },
        "version": "1.0",
        "timestamp": _moment(now),
        "KinesisBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": last.sequence,
            "approximateArrivalOfFirstRecord": _moment(datetime.fromtimestamp(first.arrived, UTC)),
            "approximateArrivalOfLastRecord": _moment(datetime.fromtimestamp(last.arrived, UTC)),
            "batchSize": len(discard.records),
            "streamArn": mapping.stream_arn,
        },
    }
    if discard.invocations:
        content["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST"}
    if discard.error in _FUNCTION_ERRORS:
        content["responseContext"]["functionError"] = discard.error
    return content


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
