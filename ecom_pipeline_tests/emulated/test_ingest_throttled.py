"""realtime.ingest with a throttled Kinesis: refused records are retried, no caller gets a 502."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from ecom_pipeline.local.drill.faulty_responses import JSON
from ecom_pipeline.local.drill.http_proxy import Reply
from ecom_pipeline.realtime import ingest
from ecom_pipeline_tests.builders import payload, request
from ecom_pipeline_tests.pipeline.faults import functions_through, half_of_the_records, lost

pytestmark = pytest.mark.usefixtures("functions")

HURRY = SimpleNamespace(get_remaining_time_in_millis=lambda: 8_500)  # half a second for it
TIME = SimpleNamespace(get_remaining_time_in_millis=lambda: 28_000)
BUSY = [
    (400, "ProvisionedThroughputExceededException"),
    (400, "KMSThrottlingException"),
    (400, "LimitExceededException"),
    (500, "InternalFailure"),
    (503, "Whatever"),
]


class Kinesis:
    """A rule that answers the first calls with its faults and remembers what was asked."""

    def __init__(self, *faults):
        self.faults = list(faults)
        self.asked = []

    def __call__(self, call, forward):
        self.asked.append([each["Data"] for each in json.loads(call.body)["Records"]])
        return self.faults.pop(0)(call, forward) if self.faults else forward(call)


def saying(status, code):
    body = json.dumps({"__type": code, "message": "not now"}).encode()
    return lambda _call, _forward: Reply(status, JSON, body)


@pytest.fixture
def post(aws, invoice, monkeypatch):
    """Return the answer to ten events of one invoice under a rule."""
    events = [payload(InvoiceNo=invoice, event_id=f"{invoice}-{n}") for n in range(10)]

    def under(rule, context=HURRY):
        with functions_through(aws, rule, monkeypatch):
            answer = ingest.handler(request(events), context)
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])

    return under


@pytest.mark.parametrize(("status", "code"), BUSY)
def test_a_stream_that_is_busy_for_a_moment_is_asked_again(post, status, code):
    rule = Kinesis(saying(status, code), saying(status, code))
    found, _, body = post(rule, TIME)
    assert (found, body["accepted"], len(rule.asked)) == (202, 10, 3)


@pytest.mark.parametrize(("status", "code"), BUSY)
def test_a_stream_that_stays_busy_is_503_with_retry_after_in_time(post, status, code):
    found, headers, body = post(Kinesis(*[saying(status, code)] * 1000))
    assert (found, headers["Retry-After"]) == (503, "1")
    assert "again" in body["message"]


def test_only_the_refused_records_are_sent_again_and_results_keep_their_order(post):
    rule = Kinesis(half_of_the_records, half_of_the_records)
    status, _, body = post(rule)
    assert status == 202
    first, second, third = rule.asked
    assert (second, third) == (first[1::2], first[3::4])
    assert [result["event_id"][-1] for result in body["results"]] == list("0123456789")
    assert len({(r["shard"], r["sequence"]) for r in body["results"]}) == 10


def test_a_lost_answer_is_asked_for_again(post):
    rule = Kinesis(lost)
    assert post(rule)[0] == 202
    assert rule.asked[0] == rule.asked[1]


def test_what_no_second_try_can_help_is_an_error_for_the_person_on_call(post):
    with pytest.raises(ClientError, match="AccessDenied"):
        post(Kinesis(saying(400, "AccessDeniedException")))
