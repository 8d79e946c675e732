"""orchestration.sensors and requests: which days are requested, in which runs."""

import itertools
import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.keys import raw_key
from ecom_pipeline.lake.notifications import Message
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.sensors import read
from ecom_pipeline.settings import LOCAL

ONE, TWO = date(2010, 12, 1), date(2010, 12, 2)


def message(number, *days):
    objects = [
        {"s3": {"object": {"key": raw_key(day, "s", "1", "1").replace("=", "%3D"), "size": 7}}}
        for day in days
    ]
    return Message(f"m{number}", f"r{number}", json.dumps({"Records": objects}))


def test_new_objects_of_a_day_are_counted_under_it():
    seen = read([message(1, ONE), message(2, ONE, TWO)])
    assert seen.objects == {ONE: 2, TWO: 1}
    assert seen.bytes == {ONE: 14, TWO: 7}
    assert seen.foreign == []


def test_the_same_messages_in_any_order_ask_with_the_same_key():
    first, second = message(1, ONE), message(2, ONE)
    span = (ONE, ONE)
    keys = [
        read(each).run_key(DayRange(*span)) for each in ([first, second], [second, first], [first])
    ]
    assert keys[0] == keys[1] != keys[2]


def test_what_is_no_raw_object_asks_for_nothing():
    test = Message("m", "r", json.dumps({"Event": "s3:TestEvent"}))
    other = {"Records": [{"s3": {"object": {"key": "quarantine/received_date=2010-12-01/x"}}}]}
    seen = read([test, Message("n", "r", json.dumps(other))])
    assert (seen.objects, seen.foreign) == ({}, [])


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        '"x"',
        '{"Records": [{"s3": {}}]}',
        '{"Records": 7}',
    ],
)
def test_a_foreign_message_stops_no_other_and_is_named(body):
    seen = read([Message("odd", "r", body), message(1, ONE)])
    assert list(seen.objects) == [ONE]
    assert [each.split(":")[0] for each in seen.foreign] == ["odd"]


@pytest.mark.parametrize(
    "key",
    [
        "raw/readme.txt",
        "raw/backup/old.txt",
        "raw/invoice_date=2010-12-01/",
        "raw/invoice_date=2010-12-01/_SUCCESS",
        "raw/invoice_date=2010-12-01/.part.jsonl.gz",
        "raw/invoice_date=2010-12-01/notes.txt",
        "raw/invoice_date=2010-12-01/copy/1.jsonl.gz",
        "raw/invoice_date=2010-02-30/1.jsonl.gz",
        "quarantine/received_date=2010-12-01/1.jsonl.gz",
    ],
)
def test_an_object_that_the_archive_did_not_write_asks_for_no_day_and_is_named(key, caplog):
    objects = [{"s3": {"object": {"key": each}}} for each in (key, raw_key(ONE, "0", "1", "1"))]
    seen = read([Message("1", "r", json.dumps({"Records": objects}))])
    assert seen.objects == {ONE: 1}
    assert [key in each.message for each in caplog.records] == [True]


def test_a_day_that_is_not_over_or_has_no_partition_is_not_asked_for():
    today = date(2011, 3, 1)
    early = LOCAL.first_day - timedelta(days=1)
    assert requests.loadable(
        [today, ONE, early, today + timedelta(days=1)], LOCAL.first_day, today
    ) == (
        [ONE],
        [early],
    )


@given(st.sets(st.integers(0, 900), max_size=120))
def test_spans_have_every_day_once_in_few_runs_and_no_other_day_unless_they_must(numbers):
    days = sorted(ONE + timedelta(days=n) for n in numbers)
    spans = requests.spans(days)
    assert len(spans) <= requests.MOST_RUNS
    held = [
        first + timedelta(days=n) for first, last in spans for n in range((last - first).days + 1)
    ]
    assert held == sorted(set(held))
    assert set(days) <= set(held)
    neighbours = sum(b - a > timedelta(days=1) for a, b in itertools.pairwise(days))
    if neighbours < requests.MOST_RUNS:
        assert held == days


def test_a_span_is_read_back_from_the_tags_of_its_run():
    for span in ((ONE, ONE), (ONE, TWO)):
        asked = requests.request(DayRange(*span), "key")
        day = {requests.PARTITION: asked.partition_key} if asked.partition_key else {}
        tags = {**asked.tags, **day}
        assert requests.days_of_tags(tags) == span
