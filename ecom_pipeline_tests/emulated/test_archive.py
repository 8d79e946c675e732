"""realtime.archive against an emulated S3: what was delivered is in the lake, once a batch."""

import boto3
import pytest

from ecom_pipeline.batch import connect
from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.realtime.archive import handler
from ecom_pipeline_tests.builders import RECEIVED, accepted, kinesis_event, on, payload, stream_of

pytestmark = pytest.mark.usefixtures("functions")


def raw_of(aws, day):
    lake = connect.lake(aws)
    found = lake.raw_objects(day)
    return {each.key: list(lake.raw_lines(each.key)) for each in found}


def test_a_batch_delivered_twice_is_stored_once_with_the_same_bytes(aws, day):
    batch = stream_of(on(day, event_id="a"), on(day, event_id="b"))
    assert handler(batch) == {"batchItemFailures": []}
    ((key, lines),) = raw_of(aws, day).items()
    etag = boto3.client("s3").head_object(Bucket=aws.raw_bucket, Key=key)["ETag"]
    handler(batch)
    assert raw_of(aws, day) == {key: lines}
    assert boto3.client("s3").head_object(Bucket=aws.raw_bucket, Key=key)["ETag"] == etag
    assert [envelope.decode(line).event_id for line in lines] == ["a", "b"]


def test_a_batch_of_two_days_becomes_an_object_for_each(aws, day):
    other = day.replace(year=day.year + 4)
    handler(stream_of(on(day), on(other), first=10))
    assert len(raw_of(aws, day)) == len(raw_of(aws, other)) == 1


def test_what_cannot_be_used_goes_to_quarantine_and_the_rest_to_the_lake(aws, day):
    refused = envelope.encode(accepted(payload(Quantity=0)))
    batch = kinesis_event([b"poison", refused, envelope.encode(accepted(on(day)))], first=900)
    handler(batch)
    assert len(raw_of(aws, day)) == 1
    key = keys.quarantine_key(RECEIVED.date(), "shardId-000000000000", "900", "902")
    lines = connect.lake(aws).raw_lines(key)
    poison, invalid = [envelope.decode(each) for each in lines]
    assert (poison.reason, envelope.original_bytes(poison)) == ("unreadable", b"poison")
    assert (invalid.reason, invalid.field) == ("invalid", "Quantity")
