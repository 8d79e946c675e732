"""realtime.ingest: each record of a request is validated separately, and none is lost."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.envelope import Accepted, Record, Rejected
from ecom_pipeline.realtime import clock, ingest
from ecom_pipeline.realtime.stream import PutResult
from ecom_pipeline_tests.builders import RECEIVED, on, payload, request


def judged(body: object) -> list[Record]:
    return ingest._records(request(body), RECEIVED)


# JSON texts: events, and invalid ones of several kinds
sent = st.sampled_from(
    [
        json.dumps(payload()),
        json.dumps(payload(event_id=None), indent=2),
        json.dumps(payload(Quantity="six")),
        json.dumps(payload(Description="x" * ingest.MAX_EVENT)),
        '"text"',
        "7",
        "null",
        "[]",
        "{}",
        '{"UnitPrice": 1e99999999999999999999}',
    ]
)


@settings(max_examples=settings().max_examples // 2)
@given(st.lists(sent, min_size=1, max_size=6))
def test_each_record_sent_is_one_accepted_or_one_kept_byte_for_byte(bodies: list[str]):
    records = judged(f"[{','.join(bodies)}]")
    for number, (body, record) in enumerate(zip(bodies, records, strict=True), 1):
        if isinstance(record, Accepted):
            assert json.loads(bytes(record.event)) == json.loads(body)
            assert b"\n" not in envelope.encode(record)
        else:
            assert envelope.original_bytes(record) == body.encode()
            assert record.record == f"record {number} of the request"


@pytest.mark.parametrize(
    ("zone", "utc", "today"),
    [
        ("Europe/London", "2011-06-30T22:59:59", date(2011, 6, 30)),
        ("Europe/London", "2011-06-30T23:00:00", date(2011, 7, 1)),  # summer time
        ("Asia/Tokyo", "2011-06-30T14:59:59", date(2011, 6, 30)),
        ("Asia/Tokyo", "2011-06-30T15:00:00", date(2011, 7, 1)),
        ("America/Los_Angeles", "2011-07-01T06:59:59", date(2011, 6, 30)),
        ("America/Los_Angeles", "2011-07-01T07:00:00", date(2011, 7, 1)),
    ],
)
def test_an_event_may_be_of_the_shops_tomorrow_and_every_reader_of_the_record_agrees(
    zone: str, utc: str, today: date, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TIME_ZONE", zone)
    received = clock.local(datetime.fromisoformat(utc).replace(tzinfo=UTC))
    events = [on(today + timedelta(days=n), event_id=f"{n}") for n in (1, 2)]
    tomorrow, too_late = ingest._records(request(events), received)
    assert isinstance(too_late, Rejected)
    assert too_late.field == "InvoiceDate"
    again, line = envelope.event_of(envelope.encode(tomorrow))
    assert line is not None
    assert line.invoice_date == today + timedelta(days=1)
    assert {each.received_at.date() for each in (tomorrow, too_late, again)} == {today}
    assert again.received_at == received


def test_a_time_zone_that_is_none_is_one_sentence_with_the_parameter_to_change(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("TIME_ZONE", "Mars/One")
    with pytest.raises(clock.TimeZoneError, match="'Mars/One': deploy the parameter TimeZone"):
        clock.now()


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        ([payload(Quantity="six")], "invalid", "Quantity"),
        ([payload(Discount=1)], "invalid", "Discount"),
        (["text"], "invalid", ""),
        ([payload(Description="x" * ingest.MAX_EVENT)], "too_large", ""),
        ('[{"UnitPrice": 1e99999999999999999999}]', "not_json", "UnitPrice"),
        (f'{{"Quantity": 6, "UnitPrice": {"1" * 5000}}}', "not_json", "UnitPrice"),
        ("{", "not_json", ""),
        ("[1,", "not_json", ""),
        ('{"a": NaN}', "not_json", "a"),
        ('{"CustomerID": -Infinity, "Quantity": NaN}', "not_json", "CustomerID"),
        ("[NaN]", "not_json", ""),
        ('[{"a": 1, "Description": [{"b": [NaN]}]}]', "not_json", "Description"),
        ('[{"a": 1}, {"b": NaN}', "not_json", ""),
        ('{"a": NaN} {}', "not_json", ""),
        ("\ud800", "not_json", ""),
    ],
)
def test_a_record_is_refused_for_a_reason_and_a_field(body: object, reason: str, field: str):
    (record,) = judged(body)
    assert isinstance(record, Rejected)
    assert (record.reason, record.field) == (reason, field)
    assert record.received_at == RECEIVED


def test_nan_is_named_and_the_other_records_of_the_request_get_their_own_results():
    """As pandas and json.dumps write a table with missing customers."""
    rows = [payload(event_id=str(n), CustomerID=c) for n, c in enumerate([1, float("nan"), 3])]
    body = json.dumps(rows)
    first, second, third = judged(body)
    assert isinstance(first, Accepted)
    assert isinstance(second, Rejected)
    assert isinstance(third, Accepted)
    assert (second.record, second.field) == ("record 2 of the request", "CustomerID")
    assert (second.expected, second.got) == ("null where a value is missing", "'NaN'")
    assert envelope.original_bytes(second) == json.dumps(rows[1]).encode()
    assert json.loads(bytes(third.event)) == rows[2]


@pytest.mark.parametrize(
    ("body", "expected", "got"),
    [
        (f"\ufeff{json.dumps(payload())}", ", without a byte order mark", "'EF BB BF, then JSON'"),
        ("\n".join([json.dumps(payload())] * 3), ": [event, event]", "'JSON lines'"),
        ("\n\n{", "", "'Input data was truncated'"),
    ],
)
def test_a_request_that_is_no_json_is_told_what_it_is(body: str, expected: str, got: str):
    (record,) = judged(body)
    assert isinstance(record, Rejected)
    assert (record.record, record.reason) == ("the whole request", "not_json")
    assert record.expected == f"one event or an array of events as JSON{expected}"
    assert record.got == got


def test_an_event_keeps_its_numbers_as_they_were_spelled():
    (record,) = judged(json.dumps(payload(UnitPrice="@"), indent=1).replace('"@"', "2.550"))
    assert isinstance(record, Accepted)
    assert b'"UnitPrice":2.550' in bytes(record.event)


def test_an_event_without_an_id_is_given_one_of_its_own():
    first, second = judged([payload(event_id=None)] * 2)
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert {first.id_source, second.id_source} == {"transport"}
    assert UUID(first.event_id) != UUID(second.event_id)
    (named,) = judged(payload())
    assert isinstance(named, Accepted)
    assert (named.event_id, named.id_source) == ("e-1", "producer")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (request([]), 400),
        (request(" [ ] "), 400),
        (request([1] * (ingest.MAX_EVENTS + 1)), 413),
        (request(" " * (ingest.MAX_BODY + 1)), 413),
        (request(payload(), headers={"Content-Type": "text/csv"}), 415),
        (request(payload(), headers={"content-type": "application/jsonp"}), 415),
    ],
)
def test_a_request_of_which_nothing_can_be_judged_is_refused_whole(
    asked: dict[str, Any], status: int
):
    with pytest.raises(ingest._RefusedError) as refused:
        ingest._records(asked, RECEIVED)
    assert refused.value.status == status


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": None},
        {"headers": {"CONTENT-TYPE": "Application/JSON; charset=utf-8"}},
        {
            "body": base64.b64encode(json.dumps(payload()).encode()).decode(),
            "isBase64Encoded": True,
        },
    ],
)
def test_json_is_taken_however_it_is_announced_or_packed(changes: dict[str, Any]):
    (record,) = ingest._records(request(payload()) | changes, RECEIVED)
    assert isinstance(record, Accepted)


def test_the_most_that_is_taken_at_once_is_taken():
    assert len(judged([1] * ingest.MAX_EVENTS)) == ingest.MAX_EVENTS
    (record,) = judged(f'"{"x" * (ingest.MAX_BODY - 2)}"')
    assert isinstance(record, Rejected)


def test_an_invoices_lines_share_a_key_and_refused_records_spread():
    records = judged([payload(event_id="a"), payload(event_id="b"), payload(InvoiceNo="C1"), 1, 2])
    one, two, other, *refused = map(ingest._partition_key, records)
    assert (one, two, other) == ("536365", "536365", "C1")
    assert len(set(refused)) == 2


def test_figures_count_what_was_taken_and_name_no_content():
    records = judged([payload(), payload(Quantity="six"), payload(Quantity="x"), payload(Secret=1)])
    assert ingest._account([*records, *judged("{")]) == (
        {"Accepted": 1, "Rejected": 4, "Rejected.invalid": 3, "Rejected.not_json": 1},
        {"invalid Quantity": 2, "invalid (unknown)": 1, "not_json": 1},
    )


def test_a_result_says_where_an_event_is_or_what_is_wrong_with_it():
    taken, refused = judged([payload(), payload(Quantity="six")])
    place = PutResult("shardId-000000000003", "41")
    assert ingest._result(taken, place) == {
        "status": "accepted",
        "event_id": "e-1",
        "shard": "shardId-000000000003",
        "sequence": "41",
    }
    assert ingest._result(refused, place) == {
        "status": "rejected",
        "reason": "invalid",
        "field": "Quantity",
        "expected": "a number",
        "got": "'six'",
    }
