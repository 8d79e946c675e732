"""realtime.query: requests refused before any read, and the reads of valid ones."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecom_pipeline.realtime import query
from ecom_pipeline.realtime.page_token import Listing
from ecom_pipeline.realtime.query_customer import Bought, Page, _add, _cursor_of, _rank_of
from ecom_pipeline.realtime.responses import BadRequestError
from ecom_pipeline_tests.unit.realtime.test_returns import lines

CUSTOMER = {"token_use": "id", "custom:customer_id": "17850"}
STAFF = {"token_use": "id", "cognito:groups": "staff"}
MINE, DESK = "/me/invoices/{no}", "/invoices/{no}"

bought = st.builds(Bought, st.text(max_size=4), pieces=st.integers(-99, 99))


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGE_ORIGIN", "https://shop.example")


def asked(route: str, claims: object, *, path: object = None, **parameters: str) -> dict[str, Any]:
    """Return what API Gateway hands over."""
    return {
        "resource": route,
        "pathParameters": path,
        "queryStringParameters": parameters or None,
        "multiValueQueryStringParameters": {k: [v] for k, v in parameters.items()} or None,
        "requestContext": {"authorizer": {"claims": claims}},
    }


TWICE = asked("/me/items", CUSTOMER, limit="1")
TWICE["multiValueQueryStringParameters"] = {"limit": ["1", "2"]}


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        (asked("/me/invoices", None), 403, "identity token"),
        (asked("/me/invoices", STAFF), 403, "customer"),
        (asked("/me/items", STAFF), 403, "customer"),
        (asked(MINE, STAFF, path={"no": "536365"}), 403, "customer"),
        (asked(DESK, CUSTOMER, path={"no": "536365"}), 403, "staff"),
        (asked("/customers/{id}/invoices", CUSTOMER, path={"id": "17850"}), 403, "staff"),
        (asked("/customers/{id}/items", CUSTOMER, path={"id": "17850"}), 403, "staff"),
        (asked("/customers/{id}/items", STAFF, path={"id": "1#"}), 404, "no such customer"),
        (asked("/customers/{id}/invoices", STAFF, path={"id": "٣"}), 404, "no such customer"),
        (asked(DESK, STAFF, path={"no": "536365#X"}), 404, "no such invoice"),
        (asked(MINE, CUSTOMER, path={"no": ""}), 404, "no such invoice"),
        (asked("/elsewhere", CUSTOMER), 404, "no such route"),
        (asked("/me/invoices", CUSTOMER, limit="0"), 400, "limit"),
        (asked("/me/invoices", CUSTOMER, limit="101"), 400, "limit"),
        (asked("/me/items", CUSTOMER, limit="٣"), 400, "limit"),
        (asked("/me/items", CUSTOMER, Limit="5"), 400, "parameters"),
        (asked("/me/items", CUSTOMER, customer="1"), 400, "parameters"),
        (TWICE, 400, "parameters"),
        (asked(MINE, CUSTOMER, path={"no": "536365"}, after="a b"), 400, "after"),
        (asked(MINE, CUSTOMER, path={"no": "536365"}, limit="5"), 400, "parameters"),
    ],
)
def test_what_is_refused_is_refused_before_anything_is_read(
    request_: dict[str, Any], status: int, says: str, capsys: pytest.CaptureFixture[str]
):
    """A read would fail here: there is no table, and no socket to reach one."""
    answer = query.handler(request_)
    assert answer["statusCode"] == status
    assert says in json.loads(answer["body"])["message"]
    logged = json.loads(capsys.readouterr().out)
    assert (logged["route"], logged["status"]) == (request_["resource"], status)


def test_a_browser_that_asks_first_needs_no_token():
    assert query.handler(asked("/me/items", None) | {"httpMethod": "OPTIONS"})["statusCode"] == 204


@pytest.mark.parametrize(
    ("given", "limit"), [({}, 100), ({"limit": "1"}, 1), ({"limit": "100"}, 100)]
)
def test_a_list_is_asked_for_by_its_route_and_the_customer_of_the_token(
    given: dict[str, str], limit: int
):
    found = query._page(asked("/me/items", CUSTOMER, **given), "17850")
    assert found == Page(Listing("/me/items", "17850"), limit, None)


def test_a_receipt_is_an_event_id_or_none():
    assert query._receipt(asked(MINE, CUSTOMER)) is None
    assert query._receipt(asked(MINE, CUSTOMER, after="e-1")) == "e-1"
    with pytest.raises(BadRequestError):
        query._receipt(asked(MINE, CUSTOMER, after=""))


@settings(max_examples=settings().max_examples // 2)
@example([Bought("A#1", pieces=2), Bought("A#2", pieces=2), Bought("A", pieces=2)])
@given(st.lists(bought, max_size=6))
def test_a_page_of_items_goes_on_exactly_behind_the_place_that_the_last_one_ended_with(
    items: list[Bought],
):
    ranked = sorted({each.stock_code: each for each in items}.values(), key=lambda each: each.rank)
    for n, last in enumerate(ranked):
        after = _rank_of(_cursor_of(last))
        assert [each for each in ranked if each.rank > after] == ranked[n + 1 :]


def test_the_most_pieces_come_first_and_of_equals_the_lesser_code():
    some = [
        Bought("B", pieces=2),
        Bought("A#1", pieces=2),
        Bought("C", pieces=10),
        Bought("D", pieces=-1),
    ]
    assert [each.stock_code for each in sorted(some, key=lambda each: each.rank)] == [
        "C",
        "A#1",
        "B",
        "D",
    ]


def test_what_was_bought_adds_up_under_the_newest_description():
    item = Bought("85123A")
    for line in lines(
        {"description": None},
        {"description": "NEW NAME", "quantity": -1, "amount": Decimal("-2.5500")},
        {"description": "OLD NAME"},
    ):
        _add(item, line)
    assert (item.description, item.pieces, str(item.spend)) == ("NEW NAME", 7, "17.8500")
