"""The emulator's replaced functions return what the originals return, of the reviewed version."""

import copy
import inspect
import time
from hashlib import sha256
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import _dynamodb_keywords as partiql
from ministack.services import dynamodb, kinesis

from ecom_pipeline.local import emulator

READ = {  # digests of the reviewed sources, 2026-11-30
    "_expire_records": "9f3968926430b696",
    "_expire_iterators": "283783a2fb44a733",
    "_get_records": "b9eb8fa90228500d",
    "_tokenize": "e02998de3036a717",
    "_parse_partiql": "34f90fe3b74ee60c",
}
AGES = st.lists(st.integers(0, 3 * 3600), max_size=6).map(lambda ages: sorted(ages, reverse=True))
STATEMENTS = (
    "INSERT INTO \"t\" VALUE {'pk': ?, 'n': ?}",
    'SELECT * FROM "t" WHERE pk = ? AND n > ?',
    'UPDATE "t" SET n = ? WHERE pk = ?',
)


@pytest.mark.parametrize(
    "function",
    [
        kinesis._expire_records,
        kinesis._expire_iterators,
        kinesis._get_records,
        partiql._tokenize,
        dynamodb._parse_partiql,
    ],
    ids=lambda each: each.__name__,
)
def test_what_is_replaced_is_what_was_read(function):
    """After an update of ministack: read it again, then set VERSION and the digests."""
    assert version("ministack") == emulator.VERSION
    assert sha256(inspect.getsource(function).encode()).hexdigest()[:16] == READ[function.__name__]


def stream_of(shards):
    now = time.time()
    return {
        "RetentionPeriodHours": 1,
        "shards": {
            f"shard-{n}": {"records": [{"ApproximateArrivalTimestamp": now - age} for age in ages]}
            for n, ages in enumerate(shards)
        },
    }


@given(st.lists(AGES, max_size=3))
def test_old_records_go_as_they_do_in_the_emulator(shards):
    stream = stream_of(shards)
    expected = copy.deepcopy(stream)
    kinesis._expire_records(expected)
    emulator.first_expired_only(kinesis._expire_records)(stream)
    assert stream == expected


def test_a_stream_without_old_records_is_not_copied():
    stream = stream_of([[10, 5]])
    records = stream["shards"]["shard-0"]["records"]
    emulator.first_expired_only(kinesis._expire_records)(stream)
    assert stream["shards"]["shard-0"]["records"] is records


def test_iterators_are_swept_at_once_and_then_not_before_their_time():
    swept = []
    sweep = emulator.now_and_then(lambda: swept.append(1), seconds=3600)
    sweep()
    sweep()
    assert swept == [1]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_is_parsed_once_for_its_two_readers_and_anew_for_others(statement):
    calls = []

    def original(text, parameters):
        calls.append(text)
        return dynamodb._parse_partiql(text, parameters)

    parse = emulator.parsed_once(original)
    parameters = [{"S": "a"}, {"N": "1"}]
    first, second = parse(statement, parameters), parse(statement, parameters)
    assert first is second
    assert parse(statement, parameters) is not first  # a second execution gets a separate result
    other = [{"S": "b"}, {"N": "2"}]
    found, expected = parse(statement, other), dynamodb._parse_partiql(statement, other)
    assert {k: v for k, v in found.items() if k != "where_fn"} == {
        k: v for k, v in expected.items() if k != "where_fn"
    }
    assert len(calls) == 3
