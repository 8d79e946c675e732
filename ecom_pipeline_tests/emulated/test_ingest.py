"""realtime.ingest against an emulated Kinesis: accepted events are on the stream."""

import base64
import json
import os

import boto3
import pytest

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.envelope import Accepted, Rejected
from ecom_pipeline.realtime import ingest
from ecom_pipeline_tests.builders import payload, request

pytestmark = pytest.mark.usefixtures("functions")


def post(aws, body, **changes):
    """Return the answer to a request and the records that it put on the stream."""
    before = set(_stream())
    answer = ingest.handler(request(body, **changes))
    new = [envelope.decode(data) for data in _stream() if data not in before]
    return answer["statusCode"], json.loads(answer["body"]), new


def _stream():
    kinesis, stream = boto3.client("kinesis"), os.environ["STREAM_NAME"]
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        start = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        found = kinesis.get_records(ShardIterator=start["ShardIterator"], Limit=10_000)
        yield from (record["Data"] for record in found["Records"])


def test_one_event_is_accepted_with_its_place_on_the_stream(aws, invoice):
    status, body, (record,) = post(aws, payload(InvoiceNo=invoice, event_id="one"))
    (result,) = body["results"]
    assert (status, body["accepted"], result["event_id"]) == (202, 1, "one")
    assert result["shard"].startswith("shardId-")
    assert result["sequence"].isdigit()
    assert isinstance(record, Accepted)
    assert (record.event_id, record.id_source) == ("one", "producer")


def test_an_event_without_an_id_is_given_one_and_marked(aws, invoice):
    event = {k: v for k, v in payload(InvoiceNo=invoice).items() if k != "event_id"}
    _, body, (record,) = post(aws, event)
    assert isinstance(record, Accepted)
    assert record.id_source == "transport"
    assert body["results"][0]["event_id"] == record.event_id


def test_one_bad_record_does_not_refuse_the_others(aws, invoice):
    good = payload(InvoiceNo=invoice, event_id="g")
    status, body, records = post(
        aws, [good, payload(Quantity="six"), "text", good | {"event_id": "h"}]
    )
    assert status == 202
    assert [r["status"] for r in body["results"]] == [
        "accepted",
        "rejected",
        "rejected",
        "accepted",
    ]
    assert body["results"][1] == {
        "status": "rejected",
        "reason": "invalid",
        "field": "Quantity",
        "expected": "a number",
        "got": "'six'",
    }
    rejected = [r for r in records if isinstance(r, Rejected)]
    rejected.sort(key=lambda r: r.record)
    assert [r.record[:8] for r in rejected] == ["record 2", "record 3"]
    assert json.loads(envelope.original_bytes(rejected[0]))["Quantity"] == "six"


def test_a_request_of_bad_records_only_is_400_and_all_of_them_are_kept(aws):
    status, body, records = post(aws, [payload(Quantity=0), payload(UnitPrice=None)])
    assert (status, body["accepted"], body["rejected"]) == (400, 0, 2)
    assert len(records) == 2


@pytest.mark.parametrize("text", ["{", "[{}", "not json", '{"a": NaN}', "[" * 5000])
def test_what_is_no_json_is_400_and_kept_byte_for_byte(aws, text):
    status, _, (record,) = post(aws, text)
    assert isinstance(record, Rejected)
    assert (status, record.reason) == (400, "not_json")
    assert envelope.original_bytes(record) == text.encode()


@pytest.mark.parametrize("number", ["1e99999999999999999999", "9" * 5000, "1E+999"])
def test_a_number_that_no_computer_holds_is_a_bad_record_like_another(aws, invoice, number):
    event = json.dumps(payload(InvoiceNo=invoice, UnitPrice="@")).replace('"@"', number)
    status, body, records = post(aws, f"[{event}, {json.dumps(payload(InvoiceNo=invoice))}]")
    assert (status, body["accepted"], body["rejected"]) == (202, 1, 1)
    assert event.encode() in {
        envelope.original_bytes(r) for r in records if isinstance(r, Rejected)
    }


def test_half_a_character_is_400_and_kept(aws):
    status, _, (record,) = post(aws, "\ud800")
    assert isinstance(record, Rejected)
    assert (status, record.reason) == (400, "not_json")


def test_bytes_that_are_no_text_are_400_and_kept(aws):
    raw = b"\xff\xfe\x00"
    status, _, (record,) = post(aws, base64.b64encode(raw).decode(), isBase64Encoded=True)
    assert status == 400
    assert isinstance(record, Rejected)
    assert envelope.original_bytes(record) == raw


def test_an_event_that_is_too_large_is_refused_by_itself(aws, invoice):
    huge = payload(Description="x" * ingest.MAX_EVENT)
    status, body, records = post(aws, [payload(InvoiceNo=invoice), huge])
    assert status == 202
    assert body["results"][1]["reason"] == "too_large"
    assert len(records) == 2


def test_a_pretty_printed_event_is_one_line_with_the_same_numbers(aws, invoice):
    text = json.dumps(payload(InvoiceNo=invoice), indent=2).replace("2.55", "2.5500")
    _, _, (record,) = post(aws, text)
    assert isinstance(record, Accepted)
    assert b"\n" not in bytes(record.event)
    assert b"2.5500" in bytes(record.event)


@pytest.mark.parametrize(
    ("body", "changes", "status"),
    [
        ([], {}, 400),
        ([payload()] * (ingest.MAX_EVENTS + 1), {}, 413),
        ("x" * (ingest.MAX_BODY + 1), {}, 413),
        (payload(), {"headers": {"content-type": "text/plain"}}, 415),
    ],
)
def test_a_request_that_cannot_be_taken_says_why_and_puts_nothing(aws, body, changes, status):
    found, answer, records = post(aws, body, **changes)
    assert (found, records) == (status, [])
    assert answer["message"]


def test_the_largest_body_fits_the_stream_whatever_is_in_it(aws):
    for text in ('"' * ingest.MAX_BODY, "\x01" * ingest.MAX_BODY):
        status, _, (record,) = post(aws, text)
        assert status == 400
        assert isinstance(record, Rejected)
        assert envelope.original_bytes(record) == text.encode()
