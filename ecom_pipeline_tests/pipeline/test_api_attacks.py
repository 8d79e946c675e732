"""Attacks on the deployed API, over HTTP through the gateway: each is refused, by status.

Authorization of the reads is tested in emulated/query; here: token, route, method, path, header.
"""

import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
import requests

from ecom_pipeline_tests.builders import payload
from ecom_pipeline_tests.pipeline import api_world
from ecom_pipeline_tests.pipeline.api_world import (
    ALICE,
    BOB,
    CANARY,
    DAY,
    World,
    access_token,
    forged,
    hmac_forged,
    read,
    truly_signed,
)

pytestmark = pytest.mark.usefixtures("whole_line")

BOBS_CLAIM = {"custom:customer_id": BOB}
OWN = ("/me/invoices", "/me/invoices/7100002", "/me/items")
OTHER_POOL = "https://cognito-idp.eu-west-2.amazonaws.com/eu-west-2_Another01"


@pytest.fixture(scope="module")
def world(whole_line):
    return api_world.build(whole_line)


def refuses(answer, status):
    """An attack is refused with this status, in the one shape of errors, and tells nothing."""
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["message"]
    assert CANARY not in answer.text
    assert "Traceback" not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_with_the_right_tokens_each_reads_what_is_theirs(world):
    for token, numbers in ((world.alice, world.hers), (world.bob, world.his)):
        found = world.get("/me/invoices", token).json()["invoices"]
        assert {each["invoice_no"] for each in found} == set(numbers)
    assert world.get(f"/me/invoices/{world.his[0]}", world.bob).status_code == 200
    assert world.get(f"/invoices/{world.his[0]}", world.staff).status_code == 200
    (line,) = world.get(f"/me/invoices/{world.hers[2]}", f"Bearer {world.alice}").json()["lines"]
    assert (line["kind"], line["match"]) == ("cancellation", "whole_line")
    assert [sale["invoice_no"] for sale in line["sales"]] == [world.hers[1]]


TOKENS: dict[str, str | Callable[[World], str] | None] = {
    "none": None,
    "empty": "",
    "garbage": "garbage",
    "dots": "..",
    "not JSON": "YQ.YQ.YQ",
    "basic authentication": "Basic YWRtaW46YWRtaW4=",
    "the producer's key": lambda w: w.api_key,
    "a cut signature": lambda w: w.bob[:-8],
    "another's claims": lambda w: forged(w.alice, **BOBS_CLAIM),
    "another's signature": lambda w: forged(w.bob, signature=w.alice.split(".")[2]),
    "no algorithm": lambda w: forged(w.alice, {"alg": "none"}, "", **BOBS_CLAIM),
    "the public key as a secret": lambda w: hmac_forged(w, w.alice, **BOBS_CLAIM),
    "an unknown key": lambda w: forged(w.bob, {"kid": "another"}),
    "a key that is a path": lambda w: forged(w.bob, {"kid": "../../../dev/null"}),
    "expired": lambda w: truly_signed(w, w.bob, exp=int(time.time()) - 1),
    "not valid yet": lambda w: truly_signed(w, w.bob, nbf=int(time.time()) + 600),
    "another pool's": lambda w: truly_signed(w, w.bob, iss=OTHER_POOL),
    "two tokens": lambda w: f"{w.alice},{w.bob}",
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_the_pool_did_not_sign_for_now_is_401(world, name):
    given = TOKENS[name]
    token = given(world) if callable(given) else given
    for path in ("/me/invoices", f"/invoices/{world.his[0]}", f"/customers/{BOB}/items"):
        refuses(world.get(path, token), 401)


def test_a_token_elsewhere_than_in_its_header_is_401(world):
    for path in (f"/me/invoices?Authorization={world.bob}", f"/me/items?access_token={world.bob}"):
        refuses(world.get(path), 401)
    refuses(world.get("/me/invoices", **{"X-Authorization": world.bob}), 401)
    refuses(world.get("/me/invoices", Cookie=f"Authorization={world.bob}"), 401)


CLAIMS: dict[str, object] = {
    "a blank behind": f"{BOB} ",
    "unicode digits": "٦١٠٠٢",
    "a key of the index": f"{BOB}#",
    "two customers": [ALICE, BOB],
    "nobody": "",
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_true_token_of_an_impossible_customer_is_403(world, name):
    token = truly_signed(world, world.alice, **{"custom:customer_id": CLAIMS[name]})
    for path in OWN:
        refuses(world.get(path, token), 403)


def test_an_access_token_and_a_token_without_a_customer_are_403(world):
    for token in (access_token(world, f"customer-{BOB}"), world.staff):
        for path in OWN:
            refuses(world.get(path, token), 403)


def test_a_customer_on_a_staff_route_is_403(world):
    for token in (world.alice, access_token(world, "staff")):
        for path in (f"/invoices/{world.his[0]}", f"/customers/{BOB}/invoices"):
            refuses(world.get(path, token), 403)
        refuses(world.get(f"/customers/{ALICE}/items", token), 403)


def test_anothers_invoice_is_answered_like_one_that_does_not_exist(world):
    """Byte by byte, but for the time and the request's id."""

    def seen(number, query="", **headers):
        answer = world.get(f"/me/invoices/{number}{query}", world.alice, **headers)
        assert CANARY not in answer.text
        kept = {k.lower(): v for k, v in answer.headers.items()}
        varying = {"date", "x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id", "x-amz-id-2"}
        varying |= {"x-amz-request-id"}
        return answer.status_code, answer.text, {k: v for k, v in kept.items() if k not in varying}

    unknown = "7199999"
    for query, headers, status in (
        ("", {}, 404),
        ("", {"If-None-Match": "*"}, 404),
        (f"?after=api-{world.his[0]}", {}, 202),
        ("?after=made-up", {}, 202),
    ):
        foreign = seen(world.his[0], query, **headers)
        assert foreign[0] == status
        assert foreign == seen(unknown, query, **headers)


PATHS = {
    "SQL": ("/me/invoices/" + quote("' OR '1'='1", safe=""), 404),
    "a second statement": ("/me/invoices/" + quote("1; DROP TABLE x --", safe=""), 404),
    "PartiQL in a parameter": ("/me/invoices?page=" + quote("' OR customer='61002"), 400),
    "a sort key": ("/me/invoices/" + quote("7100002#HEADER", safe=""), 404),
    "a partition key": ("/me/invoices/" + quote("CUSTOMER#61002", safe=""), 404),
    "unicode digits": ("/me/invoices/" + quote("٧١٠٠٠٠٢"), 404),
    "a blank behind": ("/me/invoices/7100002%20", 404),
    "NUL": ("/me/invoices/7100002%00", 404),
    "a line feed": ("/me/invoices/7100002%0A", 404),
    "upward": ("/me/invoices/..%2F..%2Finvoices%2F7100002", 403),
    "bytes that are no UTF-8": ("/me/invoices/%ff%fe", 404),
    "a long number": ("/me/invoices/" + "7" * 5000, 404),
    "a long token": ("/me/invoices?page=" + "A" * 5000, 400),
    "a long limit": ("/me/items?limit=" + "9" * 5000, 400),
    "a limit below": ("/me/items?limit=0", 400),
    "a limit above": ("/me/invoices?limit=101", 400),
    "a limit with an exponent": ("/me/invoices?limit=1e1", 400),
    "a parameter twice": ("/me/invoices?limit=1&limit=100", 400),
    "another's id as a parameter": (f"/me/invoices?customer_id={BOB}", 400),
    "a claim as a parameter": (f"/me/items?custom:customer_id={BOB}", 400),
    "a line feed in a parameter": ("/me/invoices?page=x%0d%0aSet-Cookie:%20a=b", 400),
    "a receipt with a line feed": ("/me/invoices/7100002?after=x%0d%0aX:y", 400),
    "a route that is none": ("/me", 403),
    "a route in capitals": ("/ME/invoices", 403),
    "the documentation": ("/openapi.yaml", 403),
}


@pytest.mark.parametrize("name", PATHS)
def test_a_path_that_is_a_trick_is_refused(world, name):
    path, status = PATHS[name]
    refuses(world.get(path, world.alice), status)


@pytest.mark.parametrize("customer", ["61002%20", "%D9%A6", "61002%23", "61002,61001", "1" * 19])
def test_staff_who_name_an_impossible_customer_get_404(world, customer):
    for what in ("invoices", "items"):
        refuses(world.get(f"/customers/{customer}/{what}", world.staff), 404)


def test_a_page_token_of_another_customer_or_route_is_400(world):
    bobs = world.get("/me/invoices?limit=1", world.bob).json()["next"]
    assert world.get(f"/me/invoices?page={bobs}", world.bob).status_code == 200
    refuses(world.get(f"/me/invoices?page={bobs}", world.alice), 400)
    refuses(world.get(f"/me/items?page={bobs}", world.bob), 400)
    refuses(world.get(f"/customers/{BOB}/invoices?page={bobs}", world.staff), 400)
    refuses(world.get(f"/me/invoices?page={bobs[:-1]}", world.bob), 400)


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE", "HEAD"])
def test_a_method_that_is_not_offered_is_403(world, method):
    for path, token in (("/me/invoices", world.alice), (f"/invoices/{BOB}", world.staff)):
        headers = {"Authorization": token}
        answer = requests.request(method, world.url + path, headers=headers, timeout=30)
        assert answer.status_code == 403
        assert CANARY not in answer.text


@pytest.mark.parametrize("origin", ["https://elsewhere.invalid", "null", None])
def test_a_browser_is_told_to_let_in_the_customer_page_and_no_other_origin(world, origin):
    """Whoever asks, with a token or without: the answer names one origin, and no data."""
    asks = {"Origin": origin, "Access-Control-Request-Headers": "Authorization"}
    page = world.settings.page_origin
    for path in OWN:
        told = requests.options(world.url + path, headers=asks, timeout=30)
        assert (told.status_code, told.content) == (204, b"")
        assert told.headers["Access-Control-Allow-Origin"] == page
        assert "Access-Control-Allow-Credentials" not in told.headers
    for token in (None, world.alice):
        answer = world.get("/me/invoices", token, Origin=origin)
        assert answer.headers["Access-Control-Allow-Origin"] == page
    staffs = requests.options(f"{world.url}/invoices/{world.his[0]}", headers=asks, timeout=30)
    assert staffs.status_code == 403
    assert "Access-Control-Allow-Headers" not in staffs.headers


def test_a_claim_sent_as_a_header_or_as_another_method_changes_nothing(world):
    own = world.get("/me/invoices", world.alice)
    smuggled = {
        "customer_id": BOB,
        "X-Amzn-Oidc-Identity": BOB,
        "X-HTTP-Method-Override": "DELETE",
        "X-Original-URL": f"/customers/{BOB}/invoices",
        "X-Forwarded-For": "127.0.0.1",
    }
    assert world.get("/me/invoices", world.alice, **smuggled).json() == own.json()


def test_line_feeds_in_a_header_add_none_to_the_answer(world):
    answer = world.raw(
        "GET {path}/me/invoices HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: {world.alice}\r\n"
        "If-None-Match: x\nSet-Cookie: a=b\r\n\r\n"
    )
    assert "Set-Cookie" not in answer
    assert "set-cookie" not in answer
    assert CANARY not in answer


def test_two_authorization_headers_are_not_the_second_ones_reader(world):
    """Whichever the gateway takes, nobody becomes who they are not."""
    second = forged(world.alice, **BOBS_CLAIM)
    answer = world.raw(
        "GET {path}/me/invoices HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: {world.alice}\r\nAuthorization: {second}\r\n\r\n"
    )
    assert not any(number in answer for number in world.his)


def test_only_a_producers_key_may_send_events(world):
    event = payload(event_id="attack-1", InvoiceNo="7100009", CustomerID=BOB, InvoiceDate=DAY)
    for headers in (
        {},
        {"x-api-key": ""},
        {"x-api-key": "guessed"},
        {"x-api-key": f"{world.api_key} "[1:]},
        {"Authorization": world.alice},
        {"Authorization": world.staff},
        {"Authorization": world.api_key},
    ):
        url = f"{world.url}/events"
        refuses(requests.post(url, json=event, headers=headers, timeout=30), 403)
    refuses(requests.post(f"{url}?x-api-key={world.api_key}", json=event, timeout=30), 403)
    assert world.get("/invoices/7100009", world.staff).status_code == 404


def test_the_producers_key_reads_nothing(world):
    refuses(world.get("/me/invoices", **{"x-api-key": world.api_key}), 401)
    refuses(world.get(f"/invoices/{world.his[0]}", **{"x-api-key": world.api_key}), 401)


def test_a_tokens_claims_are_those_of_its_owner(world):
    """The customer's id is fixed when the user is made: the owner can't change it."""
    assert read(world.alice)["custom:customer_id"] == ALICE
