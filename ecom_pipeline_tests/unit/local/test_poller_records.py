import json
from datetime import UTC, datetime
from queue import SimpleQueue

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.local.poller.batching import batches
from ecom_pipeline.local.poller.delivery import EXHAUSTED, Discard
from ecom_pipeline.local.poller.destination import invocation_record
from ecom_pipeline.local.poller.mapping import MappingError
from ecom_pipeline.local.poller.records import (
    MAX_PAYLOAD,
    Origin,
    event,
    fitting,
    record,
    worker_of,
)
from ecom_pipeline_tests.unit.local.poller_builders import (
    FUNCTION_ARN,
    QUEUE_ARN,
    STREAM_ARN,
    mapping,
    one,
    several,
)

ORIGIN = Origin(
    shard="shardId-000000000001", stream_arn=STREAM_ARN, role_arn="arn:aws:iam::0:role/store"
)
RAW = {
    "SequenceNumber": "4959",
    "PartitionKey": "536365",
    "Data": b'{"price":"\xc2\xa31"}',
    "ApproximateArrivalTimestamp": datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
}


def test_a_record_looks_as_lambda_sends_it():
    sent = json.loads(event([record(RAW, ORIGIN)]))
    assert sent == {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "536365",
                    "sequenceNumber": "4959",
                    "data": "eyJwcmljZSI6IsKjMSJ9",
                    "approximateArrivalTimestamp": 1767323045.678,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": "shardId-000000000001:4959",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::0:role/store",
                "awsRegion": "eu-west-1",
                "eventSourceARN": STREAM_ARN,
            }
        ]
    }


@settings(max_examples=settings().max_examples // 2)
@given(st.lists(st.integers(1, MAX_PAYLOAD // 3), min_size=1, max_size=8), st.integers(1, 6))
def test_a_batch_is_cut_by_count_and_by_bytes(sizes, batch_size):
    records = [one(number, size=size) for number, size in enumerate(sizes)]
    count = fitting(records, batch_size)
    assert 1 <= count <= batch_size
    assert len(event(records[:count]).encode()) <= MAX_PAYLOAD
    if count < min(batch_size, len(records)):
        # one byte of slack: the last record has no comma after it
        assert len(event(records[: count + 1])) >= MAX_PAYLOAD


def test_a_record_larger_than_the_payload_goes_alone():
    assert fitting([one(1, size=MAX_PAYLOAD), one(2)], 100) == 1


def test_equal_keys_share_a_lane_and_different_keys_use_all():
    assert worker_of("536365", 7) == worker_of("536365", 7)
    assert {worker_of(str(number), 4) for number in range(100)} == {0, 1, 2, 3}


def test_chunks_become_full_batches_and_the_end_flushes_the_rest():
    queue = SimpleQueue()
    for chunk in (several(3), several(4), None):
        queue.put(chunk)
    assert [len(batch) for batch in batches(queue, batch_size=5, window=60)] == [5, 2]


def test_an_open_window_closes_after_its_time():
    queue = SimpleQueue()
    queue.put(several(3))
    assert len(next(batches(queue, batch_size=100, window=0.05))) == 3


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"TumblingWindowInSeconds": 30}, "TumblingWindowInSeconds"),
        ({"FilterCriteria": {"Filters": [{}]}}, "FilterCriteria"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "StartingPositionTimestamp"),
        ({"StartingPosition": "YESTERDAY"}, "StartingPosition"),
        ({"EventSourceArn": f"{STREAM_ARN}/consumer/c:1"}, "EventSourceArn"),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sns:e:0:t"}}},
            "DestinationConfig",
        ),
    ],
)
def test_what_the_poller_does_not_do_is_refused_by_name(changes, says):
    with pytest.raises(MappingError, match=f"{FUNCTION_ARN}: {says}="):
        mapping(**changes)


def test_settings_that_cloudformation_left_as_text_are_read():
    rules = mapping(BatchSize="500", BisectBatchOnFunctionError="true", MaximumRetryAttempts="3")
    assert (rules.batch_size, rules.bisect, rules.max_retries) == (500, True, 3)


def test_an_alias_belongs_to_the_functions_name():
    assert mapping(FunctionArn=f"{FUNCTION_ARN}:live").function == "store@live"
    assert (mapping().function, mapping().stream) == ("store", "event-ingest")


GIVEN_UP = Discard((one(1, arrived=1.5), one(9, arrived=2)), EXHAUSTED, 3, "Unhandled")


def test_a_letter_to_a_queue_is_what_lambda_documents():
    rules = mapping(DestinationConfig={"OnFailure": {"Destination": QUEUE_ARN}})
    written = invocation_record(GIVEN_UP, rules, "shardId-1")
    assert written is not None
    body = json.loads(written.body)
    assert (written.name, written.key) == ("given-up", "")
    assert set(body.pop("requestContext")) == {
        "requestId", "functionArn", "condition", "approximateInvokeCount",
    }  # fmt: skip
    assert body.pop("timestamp").endswith("Z")
    assert body == {
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "KinesisBatchInfo": {
            "shardId": "shardId-1",
            "startSequenceNumber": "1",
            "endSequenceNumber": "9",
            "approximateArrivalOfFirstRecord": "1970-01-01T00:00:01.500Z",
            "approximateArrivalOfLastRecord": "1970-01-01T00:00:02.000Z",
            "batchSize": 2,
            "streamArn": STREAM_ARN,
        },
    }


def test_a_letter_to_a_bucket_carries_the_whole_invocation():
    rules = mapping(DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::kept"}})
    written = invocation_record(GIVEN_UP, rules, "shardId-1")
    assert written is not None
    assert written.name == "kept"
    assert written.key.startswith("aws/lambda/u/shardId-1/")
    assert json.loads(written.body)["payload"] == event(GIVEN_UP.records)


def test_without_a_destination_there_is_no_letter():
    assert invocation_record(GIVEN_UP, mapping(), "shardId-1") is None
