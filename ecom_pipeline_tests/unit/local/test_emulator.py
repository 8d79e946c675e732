"""The emulator's replaced functions return what the originals return, of the reviewed version."""

import copy
import inspect
import json
import time
from hashlib import sha256
from importlib.metadata import version

import pytest
from hypothesis import given, settings
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
    "insert": "26028498a3366a4a",
    "_scan": "7094ff00335eb104",
    "_paginate_evaluated_items": "d70cfb58e3a279c9",
    "_item_size_bytes": "9be41cc11f947cde",
    "_attribute_value_size": "a57557cf9928573c",
    "_number_size_bytes": "b88f1324ce678bb2",
    "parse_statement": "6a0a37c7b59a5931",
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
        partiql.parse_statement,
        partiql._Parser.insert,
        dynamodb._scan,
        dynamodb._paginate_evaluated_items,
        dynamodb._item_size_bytes,
        dynamodb._attribute_value_size,
        dynamodb._number_size_bytes,
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


VALUES = st.sampled_from(
    [{"S": "a"}, {"N": "1.50"}, {"M": {"b": {"NULL": True}}}, {"S": "0"}, {"SS": ["x", "y"]}]
)


def parsed(parse, statement, parameters):
    try:
        return parse(statement, parameters)
    except ValueError as error:
        return str(error)


@given(
    st.sampled_from(
        [
            *STATEMENTS,
            "INSERT INTO \"t\" VALUE {'pk': ?, 'n': 7}",
            "INSERT INTO \"t\" VALUE {'pk': ?, 'pk': ?}",
            "INSERT INTO \"t\" VALUE {'pk': ?, 'n': [?]}",
            'INSERT INTO "t" VALUE ?',
            "INSERT INTO \"t\" VALUE {'pk': ?",
        ]
    ),
    st.lists(st.lists(VALUES, max_size=3), min_size=1, max_size=3),
)
def test_a_statement_of_a_template_is_parsed_as_in_the_emulator(statement, calls):
    parse = emulator.inserts_by_template(partiql.parse_statement)
    for parameters in calls:
        expected = parsed(partiql.parse_statement, statement, parameters)
        assert parsed(parse, statement, parameters) == expected


def table_of(invoices):
    """Return a table of so many lines for each invoice, some 100 bytes a line."""
    items = {
        f"INVOICE#{number}": {
            f"LINE#{n}": {
                "pk": {"S": f"INVOICE#{number}"},
                "sk": {"S": f"LINE#{n}"},
                "text": {"S": "x" * 60},
            }
            for n in range(lines)
        }
        for number, lines in enumerate(invoices)
    }
    names = {"TableName": "t", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}
    return names | {"pk_name": "pk", "sk_name": "sk", "items": items}


def pages_of(scan, request):
    while True:
        _, _, body = scan(request)
        page = json.loads(body)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        request = request | {"ExclusiveStartKey": page["LastEvaluatedKey"]}


@pytest.mark.parametrize("limit", [None, 3])
@pytest.mark.parametrize("segments", [1, 3])
@settings(max_examples=20)
@given(invoices=st.lists(st.integers(1, 7), max_size=6), page_bytes=st.integers(50, 1_500))
def test_a_page_of_a_scan_is_the_emulators(limit, segments, invoices, page_bytes):
    more = {} if limit is None else {"Limit": limit}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dynamodb, "_tables", {"t": table_of(invoices)})
        patched.setattr(dynamodb, "_DDB_PAGE_SIZE_BYTES", page_bytes)
        scan = emulator.scan_from_its_start_key(dynamodb._scan, dynamodb, page_bytes)
        for segment in range(segments):
            parts = {} if segments == 1 else {"Segment": segment, "TotalSegments": segments}
            request = {"TableName": "t", "FilterExpression": "attribute_exists(#t)"}
            request |= {"ExpressionAttributeNames": {"#t": "text"}} | more | parts
            expected = list(pages_of(dynamodb._scan, request))
            assert list(pages_of(scan, request)) == expected


NUMBERS = st.sampled_from(["0", "6", "-80995", "2.550", "15.3", "1E+20", "-0.001", "x", ""])
ATTRIBUTES = st.one_of(
    st.builds(lambda text: {"S": text}, st.text(max_size=5)),
    st.builds(lambda number: {"N": number}, NUMBERS),
    st.sampled_from(
        [{"BOOL": True}, {"SS": ["a", "\u00e9"]}, {"M": {"n": {"N": "1"}}}, {}, {"S": 1}]
    ),
    st.just({"B": "aGVsbG8="}),
)


@given(st.lists(st.dictionaries(st.text(max_size=4), ATTRIBUTES, max_size=5), max_size=3))
def test_an_item_has_the_size_that_the_emulator_computes(items):
    size = emulator.sizes_without_encoding(dynamodb._item_size_bytes, dynamodb)
    for item in [*items, None]:
        assert size(item) == dynamodb._item_size_bytes(item)
