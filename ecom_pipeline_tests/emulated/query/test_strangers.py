"""realtime.query: no caller reads another customer's data, with any request."""

import base64
import hmac
import itertools
import json
import time
from collections import Counter, defaultdict
from dataclasses import astuple
from decimal import Decimal

import boto3
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecom_pipeline.domain.event import parse
from ecom_pipeline.realtime import page_token, query, store
from ecom_pipeline_tests.builders import RECEIVED, on, stream_of
from ecom_pipeline_tests.emulated.query.asking import ask, claims, pages, request

pytestmark = pytest.mark.usefixtures("sealed")

STAFF = claims(staff=True)
OWN = ("/me/invoices", "/me/items", "/me/invoices/{no}")
STAFFS = ("/invoices/{no}", "/customers/{id}/invoices", "/customers/{id}/items")
PATH = {"no": "536365", "id": "17850"}

_WORLDS = itertools.count(1)

# few customers, invoices and codes, so that they collide; ids that are prefixes of each other
line = st.tuples(
    st.sampled_from(["1", "12", "123", "2"]),
    st.integers(1, 6),
    st.sampled_from(["A", "a", "A#1", "Ä"]),
    st.integers(-9, 9).filter(bool),
    st.sampled_from(["0.0001", "2.55", "3"]),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=st.lists(line, min_size=1, max_size=25), limit=st.integers(1, 4))
def test_the_union_of_ones_pages_is_what_one_bought_and_nothing_else(day, drawn, limit):
    """An invoice's number is tied to its customer here; lines of two are the next test's."""
    world = f"4{next(_WORLDS):05d}"
    events = [
        on(
            day,
            event_id=f"{world}-{n}",
            InvoiceNo=f"{world}{customer.zfill(4)}{number}",
            CustomerID=f"{world}{customer}",
            StockCode=code,
            Quantity=quantity,
            UnitPrice=price,
        )
        for n, (customer, number, code, quantity, price) in enumerate(drawn)
    ]
    store.handler(stream_of(*events))
    bought = defaultdict(list)
    for event in events:
        bought[event["CustomerID"]].append(parse(event, received=RECEIVED.date()))
    for customer, lines in bought.items():
        assert seen_by(claims(customer), limit) == oracle(lines)
        others = {each["InvoiceNo"] for each in events} - {each.invoice_no for each in lines}
        for number in sorted(others):
            assert refusal(claims(customer), number) == refusal(claims(customer), "9" * 18)


def seen_by(who, limit):
    """Return every line and every item that a customer can get to see."""
    lists = pages("/me/invoices", who, limit=str(limit))
    numbers = [each["invoice_no"] for page in lists for each in page["invoices"]]
    assert len(numbers) == len(set(numbers))
    lines = set()
    for number in numbers:
        status, found, _ = ask("/me/invoices/{no}", who, {"no": number})
        assert status == 200
        lines |= {(number, line["event_id"], line["amount"]) for line in found["lines"]}
    ranked = pages("/me/items", who, limit=str(limit))
    items = [(i["stock_code"], i["pieces"], i["spend"]) for page in ranked for i in page["items"]]
    return lines, items


def oracle(lines):
    pieces, spend = Counter(), defaultdict(Decimal)
    for line in lines:
        pieces[line.stock_code] += line.quantity
        spend[line.stock_code] += line.amount
    ranked = sorted(pieces, key=lambda code: (-pieces[code], code))
    return (
        {(line.invoice_no, line.event_id, str(line.amount)) for line in lines},
        [(code, pieces[code], str(spend[code])) for code in ranked],
    )


def refusal(who, number):
    """Return all of an answer that a reader can see."""
    answer = query.handler(request("/me/invoices/{no}", who, {"no": number}))
    assert answer["statusCode"] == 404
    return answer


def test_a_foreign_line_on_ones_invoice_is_not_shown(day, invoice):
    """Two customers' lines under one number: a producer's mistake, or someone's attempt."""
    mine = on(day, InvoiceNo=invoice, event_id=f"{invoice}-1", CustomerID="31")
    theirs = on(day, InvoiceNo=invoice, event_id=f"{invoice}-2", CustomerID="32")
    guests = on(day, InvoiceNo=invoice, event_id=f"{invoice}-3", CustomerID=None)
    store.handler(stream_of(mine, theirs, guests))
    _, found, _ = ask("/me/invoices/{no}", claims("31"), {"no": invoice})
    assert [line["event_id"] for line in found["lines"]] == [f"{invoice}-1"]
    assert found["total"] == found["lines"][0]["amount"]
    assert [i["pieces"] for i in ask("/me/items", claims("31"))[1]["items"]] == [mine["Quantity"]]
    assert ask("/me/invoices/{no}", claims("32"), {"no": invoice})[0] == 404
    assert len(ask("/invoices/{no}", STAFF, {"no": invoice})[1]["lines"]) == 3


def test_a_receipt_tells_a_stranger_nothing(day, invoice):
    store.handler(stream_of(on(day, InvoiceNo=invoice, event_id=f"{invoice}-1", CustomerID="41")))
    answers = [
        query.handler(request("/me/invoices/{no}", claims("42"), {"no": number}, after=receipt))
        for number in (invoice, "9" * 18)
        for receipt in (f"{invoice}-1", "made-up")
    ]
    assert answers[0]["statusCode"] == 202
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    "verified",
    [
        None,
        {},
        {"custom:customer_id": "17850"},
        claims("17850", token_use="access"),
        claims("17850", token_use=None),
        claims(None),
        claims(""),
        claims("17850 "),
        claims("17850\n"),
        claims("١٧٨٥٠"),
        claims("CUSTOMER#17850"),
        claims("17850#"),
        claims("null"),
        claims("1" * 19),
        claims(17850),
        claims(["17850"]),
        claims(staff=True),
    ],
)
def test_without_a_customers_identity_token_nothing_is_ones_own(verified):
    for route in OWN:
        assert ask(route, verified, PATH)[0] == 403


@pytest.mark.parametrize(
    "verified",
    [
        None,
        claims("17850"),
        claims(staff=True, token_use="access"),
        *[
            claims("17850") | {"cognito:groups": groups}
            for groups in ("", "[]", "Staff", "staffs", "not-staff", "[a nostaff b]", None, ["x"])
        ],
    ],
)
def test_without_the_group_staff_no_staff_route_answers(verified):
    for route in STAFFS:
        assert ask(route, verified, PATH)[0] == 403


@pytest.mark.parametrize("groups", ["staff", "[staff]", "[desk staff]", "desk,staff"])
def test_the_group_is_read_as_rest_apis_and_the_emulator_write_it(groups):
    who = claims() | {"cognito:groups": groups}
    assert ask("/customers/{id}/invoices", who, PATH)[0] == 200


@pytest.mark.parametrize("customer", ["", "1 ", "٣", "CUSTOMER#1", "1#", "' OR 1=1", "1" * 19])
def test_a_customer_that_cannot_be_is_404(customer):
    for route in STAFFS[1:]:
        assert ask(route, STAFF, {"id": customer})[0] == 404


@pytest.fixture
def token(day, invoice):
    """Return customer 51's token for the second page of their invoices."""
    for n in range(3):
        event = on(day, InvoiceNo=f"{invoice}{n}", event_id=f"{invoice}{n}", CustomerID="51")
        store.handler(stream_of(event))
    return ask("/me/invoices", claims("51"), limit="1")[1]["next"]


def test_a_page_token_is_good_for_its_own_list_only(token):
    again = ask("/me/invoices", claims("51"), limit="2", page=token)
    assert (again[0], len(again[1]["invoices"])) == (200, 2)
    assert ask("/me/invoices", claims("52"), page=token)[0] == 400
    assert ask("/me/items", claims("51"), page=token)[0] == 400
    assert ask("/customers/{id}/invoices", STAFF, {"id": "51"}, page=token)[0] == 400


def test_a_page_token_with_any_character_changed_is_400(token):
    cursor = page_token.verify(page_token.Listing("/me/invoices", "51"), token)
    for n, old in enumerate(token):
        changed = token[:n] + chr(ord(old) ^ 1) + token[n + 1 :]
        assert ask("/me/invoices", claims("51"), page=changed)[0] == 400
    for cut in (token[:-1], token[:43], token + "A", token * 9, f"{token}=", cursor):
        assert ask("/me/invoices", claims("51"), page=cut)[0] == 400


def test_a_rotated_secret_breaks_no_page_token_but_a_twice_rotated_one_does(sealed, token):
    secrets = boto3.client("secretsmanager")
    secrets.put_secret_value(SecretId=sealed, SecretString="second")
    page_token._of.cache_clear()  # as a new environment of the function
    assert ask("/me/invoices", claims("51"), page=token)[0] == 200
    secrets.put_secret_value(SecretId=sealed, SecretString="third")
    page_token._of.cache_clear()
    assert ask("/me/invoices", claims("51"), page=token)[0] == 400


def test_a_token_sealed_after_a_rotation_is_taken_by_one_who_had_not_heard_of_it(
    sealed, token, monkeypatch
):
    listing = page_token.Listing("/me/invoices", "51")
    cursor = page_token.verify(listing, token)
    boto3.client("secretsmanager").put_secret_value(SecretId=sealed, SecretString="second")
    raw = hmac.digest(b"second", msgspec.json.encode([*astuple(listing), cursor]), "sha256")
    new = base64.urlsafe_b64encode(raw + cursor.encode()).rstrip(b"=").decode()
    assert ask("/me/invoices", claims("51"), page=new)[0] == 400  # the secrets are cached
    later = time.monotonic() + 60
    monkeypatch.setattr(page_token.time, "monotonic", lambda: later)
    assert ask("/me/invoices", claims("51"), page=new)[0] == 200


def test_what_is_logged_names_no_customer(day, invoice, capsys):
    store.handler(stream_of(on(day, InvoiceNo=invoice, event_id=invoice, CustomerID="987654321")))
    ask("/me/invoices", claims("987654321"))
    ask("/customers/{id}/items", STAFF, {"id": "987654321"})
    ask("/me/invoices", claims("987654321"), page="987654321")
    logged = capsys.readouterr().out
    assert json.loads(logged.splitlines()[-1])["status"] == 400
    assert "987654321" not in logged
