"""The invocation record of a batch whose retries are exhausted, as the poller writes it."""

from collections.abc import Sequence
from typing import Any

from ecom_pipeline.domain import envelope
from ecom_pipeline.local.poller.delivery import EXHAUSTED, Discard
from ecom_pipeline.local.poller.destination import InvocationRecord, invocation_record
from ecom_pipeline.local.poller.mapping import Mapping
from ecom_pipeline.local.poller.records import Origin, record
from ecom_pipeline_tests.builders import RECEIVED, accepted

SHARD = "shardId-000000000000"
UUID = "0f0e0d0c-0b0a-4948-8786-858483828180"
PLACE = "eu-west-2:000000000000"


def given_up(
    bucket: str, function: str, events: Sequence[dict[str, Any]], first: int = 1
) -> InvocationRecord:
    """Return the object for a bucket: accepted events, with sequence numbers from `first` on."""
    stream = f"arn:aws:kinesis:{PLACE}:stream/event-ingest"
    mapping = Mapping(
        uuid=UUID,
        function_arn=f"arn:aws:lambda:{PLACE}:function:{function}",
        stream_arn=stream,
        destination=f"arn:aws:s3:::{bucket}",
    )
    origin = Origin(shard=SHARD, stream_arn=stream, role_arn="arn:aws:iam::1:role/r")
    records = tuple(
        record(
            {
                "SequenceNumber": str(number),
                "PartitionKey": event["InvoiceNo"],
                "ApproximateArrivalTimestamp": RECEIVED,
                "Data": envelope.encode(accepted(event)),
            },
            origin,
        )
        for number, event in enumerate(events, first)
    )
    written = invocation_record(Discard(records, EXHAUSTED, 11, "Unhandled"), mapping, SHARD)
    assert written is not None
    return written
