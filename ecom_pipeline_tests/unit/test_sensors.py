"""orchestration.sensors: which days are asked for."""

import json
from datetime import date

import pytest

from ecom_pipeline.batch.notifications import Message
from ecom_pipeline.domain.keys import raw_key
from ecom_pipeline.orchestration.sensors import plan

ONE, TWO = date(2010, 12, 1), date(2010, 12, 2)


def message(number, *days):
    objects = [
        {"s3": {"object": {"key": raw_key(day, "s", "1", "1").replace("=", "%3D")}}} for day in days
    ]
    return Message(f"m{number}", f"r{number}", json.dumps({"Records": objects}))


def test_new_objects_of_a_day_ask_for_it_once():
    asked, foreign = plan([message(1, ONE), message(2, ONE, TWO)])
    assert (list(asked), foreign) == ([ONE, TWO], [])


def test_the_same_messages_in_any_order_ask_with_the_same_key():
    first, second = message(1, ONE), message(2, ONE)
    assert plan([first, second]) == plan([second, first]) != plan([first])


def test_what_is_no_raw_object_asks_for_nothing():
    test = Message("m", "r", json.dumps({"Event": "s3:TestEvent"}))
    other = {"Records": [{"s3": {"object": {"key": "quarantine/received_date=2010-12-01/x"}}}]}
    assert plan([test, Message("n", "r", json.dumps(other))]) == ({}, [])


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        '"x"',
        '{"Records": [{"s3": {}}]}',
        '{"Records": 7}',
        '{"Records": [{"s3": {"object": {"key": "raw/readme.txt"}}}]}',
    ],
)
def test_a_foreign_message_stops_no_other_and_is_named(body):
    asked, foreign = plan([Message("odd", "r", body), message(1, ONE)])
    assert list(asked) == [ONE]
    assert [each.split(":")[0] for each in foreign] == ["odd"]
