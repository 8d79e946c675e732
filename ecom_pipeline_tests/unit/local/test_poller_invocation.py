import json

import pytest

from ecom_pipeline.local.poller.invocation import read
from ecom_pipeline_tests.unit.local.poller_builders import several

RECORDS = several(5)


def failures(*identifiers):
    return {"batchItemFailures": [{"itemIdentifier": one} for one in identifiers]}


@pytest.mark.parametrize("response", [None, {}, {"batchItemFailures": []}, failures() | {"a": 1}])
def test_nothing_reported_is_complete_success(response):
    assert read(json.dumps(response).encode(), RECORDS).finished == 5


def test_no_payload_and_a_null_list_are_complete_success():
    assert read(b"", RECORDS).finished == 5
    assert read(b'{"batchItemFailures": null}', RECORDS).finished == 5


def test_the_lowest_failure_is_where_to_go_on():
    assert read(json.dumps(failures("4", "2", "5")).encode(), RECORDS).finished == 1


@pytest.mark.parametrize(
    "response",
    [
        failures(""),
        failures(None),
        failures("77"),
        failures("4", "77"),
        failures(4),
        {"batchItemFailures": [{"bad": "4"}]},
        {"batchItemFailures": ["4"]},
        {"batchItemFailures": {"itemIdentifier": "4"}},
        {"batchitemfailures": []},
        {"statusCode": 200},
        "all fine",
        [],
        True,
        0,
    ],
)
def test_what_names_no_record_of_the_batch_is_complete_failure(response):
    answer = read(json.dumps(response).encode(), RECORDS)
    assert (answer.finished, bool(answer.error)) == (0, True)


def test_what_is_not_json_is_complete_failure():
    assert read(b"<html>", RECORDS).finished == 0
