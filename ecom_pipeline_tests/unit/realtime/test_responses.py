"""realtime.responses: status, headers and body for a reader, a cache and a browser."""

import json

import pytest

from ecom_pipeline.realtime import responses

PAGE = "https://shop.example"
BODY = {"invoice_no": "536365", "total": "15.3000"}


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGE_ORIGIN", PAGE)


def etag_of(body: object) -> str:
    return responses.ok(body, None)["headers"]["ETag"]


def test_what_was_found_may_be_kept_by_its_reader_who_asks_again_each_time():
    answer = responses.ok(BODY, None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, BODY)
    assert answer["headers"]["Cache-Control"] == "private, no-cache"
    assert answer["headers"]["Vary"] == "Authorization"


@pytest.mark.parametrize("sent", ["{}", "W/{}", '"x", {}', '"x",W/{} , "y"', "*"])
def test_a_reader_who_has_the_content_is_not_sent_it_again(sent: str):
    answer = responses.ok(BODY, sent.format(etag_of(BODY)))
    assert (answer["statusCode"], answer["body"]) == (304, "")
    assert answer["headers"] == responses.ok(BODY, None)["headers"]


@pytest.mark.parametrize("sent", ["", '"x"', "{}x", "x{}", "w/{}", "W/ {}"])
def test_a_reader_who_has_something_else_is_sent_the_content(sent: str):
    assert responses.ok(BODY, sent.format(etag_of(BODY)))["statusCode"] == 200


def test_an_etag_is_of_the_content_alone():
    assert etag_of(BODY) == etag_of(dict(BODY))
    assert etag_of(BODY) != etag_of(BODY | {"total": "15.3001"})
    assert etag_of(BODY).strip('"').isalnum()


@pytest.mark.parametrize(
    ("answer", "status", "headers"),
    [
        (lambda: responses.error(403, 'no "£"'), 403, {}),
        (responses.not_yet, 202, {"Retry-After": "1"}),
        (responses.busy, 503, {"Retry-After": "1"}),
    ],
)
def test_all_else_is_a_message_that_nobody_keeps(answer, status, headers):
    found = answer()
    assert found["statusCode"] == status
    assert list(json.loads(found["body"])) == ["message"]
    assert headers.items() <= found["headers"].items()
    assert found["headers"]["Cache-Control"] == "no-store"
    assert "ETag" not in found["headers"]


def test_a_refusal_says_its_message_whatever_is_in_it():
    assert json.loads(responses.error(400, 'a "£"\n')["body"]) == {"message": 'a "£"\n'}


def test_a_browser_may_show_every_answer_to_the_customer_page_alone():
    made = [responses.ok(BODY, None), responses.ok(BODY, "*"), responses.error(404, "no")]
    for answer in [*made, responses.not_yet(), responses.busy(), responses.preflight()]:
        assert answer["headers"]["Access-Control-Allow-Origin"] == PAGE
        assert answer["headers"]["X-Content-Type-Options"] == "nosniff"


def test_a_browser_that_asks_first_learns_what_the_page_may_ask():
    answer = responses.preflight()
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert answer["headers"]["Access-Control-Allow-Methods"] == "GET"
    assert answer["headers"]["Access-Control-Allow-Headers"] == "Authorization"
    assert answer["headers"]["Cache-Control"] == "no-store"
