"""realtime.archive against an emulated S3: a delivered batch is one object in the lake."""

import boto3
import pytest

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.lake import partition
from ecom_pipeline.realtime.archive import handler
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import (
    RECEIVED,
    accepted,
    kinesis_event,
    on,
    payload,
    read_accepted,
    read_rejected,
    stream_of,
)

pytestmark = pytest.mark.usefixtures("functions")


def raw_of(aws, day):
    lake = connect.lake(aws)
    found = lake.raw.objects_of(day)
    return {each.key: list(lake.raw.lines(each.key)) for each in found}


def test_a_batch_delivered_twice_is_stored_once_with_the_same_bytes(aws, day):
    batch = stream_of(on(day, event_id="a"), on(day, event_id="b"))
    assert handler(batch) == {"batchItemFailures": []}
    ((key, lines),) = raw_of(aws, day).items()
    etag = boto3.client("s3").head_object(Bucket=aws.raw_bucket, Key=key)["ETag"]
    handler(batch)
    assert raw_of(aws, day) == {key: lines}
    assert boto3.client("s3").head_object(Bucket=aws.raw_bucket, Key=key)["ETag"] == etag
    assert [read_accepted(line).event_id for line in lines] == ["a", "b"]


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
    lines = connect.lake(aws).raw.lines(key)
    poison, invalid = [read_rejected(each) for each in lines]
    assert (poison.reason, envelope.original_bytes(poison)) == ("unreadable", b"poison")
    assert (invalid.reason, invalid.field) == ("invalid", "Quantity")


@pytest.mark.parametrize(
    "poison",
    [
        b"",
        b"[" * 5000,
        envelope.encode(accepted(payload(event_id="e-1"))).replace(b'"e-1"', b'"e/1"'),
        envelope.encode(accepted(payload())).replace(b'"event_id":"e-1"', b'"event_id":"e-2"', 1),
        envelope.encode(accepted(payload())).replace(b"2.55", b"1e99999999999999999999"),
        envelope.encode(accepted(payload())).replace(b'"17850"', b"[" * 3000 + b"]" * 3000),
        envelope.encode(accepted(payload())).replace(b"2026-11-22", b"9999-12-31"),
    ],
    ids=["empty", "no record", "bad id", "other id", "huge number", "deep", "last day of time"],
)
def test_whatever_lies_on_the_stream_is_set_aside_with_its_bytes(aws, day, poison):
    first = 50_000 + 10 * day.toordinal()
    handler(kinesis_event([poison, envelope.encode(accepted(on(day)))], first=first))
    (lines,) = raw_of(aws, day).values()
    assert len(lines) == 1
    span = ("shardId-000000000000", str(first), str(first + 1))
    (data,) = connect.lake(aws).raw.lines(keys.quarantine_key(RECEIVED.date(), *span))
    assert envelope.original_bytes(read_rejected(data)) == poison


def test_delivered_again_with_other_borders_the_day_is_the_same_and_the_rest_redelivered(aws, day):
    """A poller that was killed reads on from its checkpoint, and cuts the batches anew."""
    events = [on(day, event_id=f"b-{day}-{n}", Quantity=n + 1) for n in range(10)]
    lake = connect.lake(aws)
    for start, end in ((0, 4), (4, 8)):
        handler(stream_of(*events[start:end], first=60_000 + start))
    before = partition.build(lake, day)
    for start, end in ((2, 5), (5, 10)):
        handler(stream_of(*events[start:end], first=60_000 + start))
    after = partition.build(lake, day)
    assert len(raw_of(aws, day)) == 4
    assert (before.read, before.redelivered, before.totals.rows) == (8, 0, 8)
    assert (after.read, after.redelivered, after.totals.rows) == (16, 6, 10)
    assert after.unaccounted == 0
