"""realtime.query against an emulated DynamoDB: its responses, page by page."""

import json
from collections import Counter
from decimal import Decimal

import pytest

from ecom_pipeline.realtime import query, returns, store
from ecom_pipeline.realtime.clients import client
from ecom_pipeline_tests.builders import on, stream_of
from ecom_pipeline_tests.emulated.query.asking import ask, claims, pages, request

pytestmark = pytest.mark.usefixtures("sealed")

STAFF = claims(staff=True)
DESK = "/invoices/{no}"
MINE = "/me/invoices/{no}"


@pytest.fixture
def customer(invoice):
    """Return a customer that no other test has."""
    return f"9{invoice}"


def sell(day, number, *lines, customer=None, time="9:30"):
    """Store an invoice of (stock code, quantity, price) lines."""
    events = [
        on(
            day,
            InvoiceNo=number,
            event_id=f"{number}-{n}",
            StockCode=code,
            Quantity=quantity,
            UnitPrice=price,
            CustomerID=customer,
        )
        | {"InvoiceDate": f"{day.month}/{day.day}/{day.year} {time}"}
        for n, (code, quantity, price) in enumerate(lines)
    ]
    store.handler(stream_of(*events))
    return events


def test_an_invoice_has_its_lines_and_an_exact_total(day, invoice, customer):
    sell(day, invoice, ("A", 3, 0.001), ("B", -1, 2.1), customer=customer)
    status, found, _ = ask(DESK, STAFF, {"no": invoice})
    assert (status, found["total"], found["customer_id"]) == (200, "-2.0970", customer)
    assert [(line["unit_price"], line["quantity"]) for line in found["lines"]] == [
        ("0.0010", 3),
        ("2.1000", -1),
    ]


@pytest.mark.parametrize("number", ["999999999", "536365#X", "", "x" * 5000, "CUSTOMER#1", "٣٤"])
def test_an_unknown_or_impossible_invoice_is_404(number):
    for route, who in ((DESK, STAFF), (MINE, claims("17850"))):
        status, body, _ = ask(route, who, {"no": number})
        assert (status, body) == (404, {"message": "no such invoice"})


def test_a_customers_invoices_come_newest_first_page_by_page(days, invoice, customer):
    numbers = [f"{invoice}{n:03d}" for n in range(query.LONGEST_PAGE + 20)]
    for day, number in zip(days(len(numbers)), numbers, strict=True):
        sell(day, number, ("A", 1, 1), customer=customer)
    whole = pages("/me/invoices", claims(customer))
    assert [len(page["invoices"]) for page in whole] == [100, 20]
    some = pages("/customers/{id}/invoices", STAFF, {"id": customer}, limit="40")
    assert [len(page["invoices"]) for page in some] == [40, 40, 40]
    for found in (whole, some):
        listed = [each["invoice_no"] for page in found for each in page["invoices"]]
        assert listed == numbers[::-1]


def test_items_are_net_of_cancellations_and_ranked_by_pieces(days, invoice, customer):
    first, second, third = days(3)
    sell(first, f"{invoice}1", ("A", 5, 1.5), ("B", 9, 0.3333), customer=customer)
    sell(second, f"C{invoice}2", ("B", -6, 0.3333), customer=customer)
    sell(third, f"{invoice}3", ("C", 4, 1), ("A", 2, 1.25), customer=customer)
    (page,) = pages("/me/items", claims(customer))
    assert [(i["stock_code"], i["pieces"], i["spend"]) for i in page["items"]] == [
        ("A", 7, "10.0000"),
        ("C", 4, "4.0000"),
        ("B", 3, "0.9999"),
    ]
    assert (page["invoices_counted"], page["complete"]) == (3, True)
    one_by_one = pages("/customers/{id}/items", STAFF, {"id": customer}, limit="1")
    assert [item for found in one_by_one for item in found["items"]] == page["items"]


def returned(found):
    """Return each line's match, the pieces of each invoice, and the pieces of none."""
    return [
        (
            line["match"],
            [(sale["invoice_no"], sale["pieces"]) for sale in line["sales"]],
            line["unmatched"],
        )
        for line in found["lines"]
    ]


def test_a_cancelled_line_names_its_sales(days, invoice, customer):
    first, second, third = days(3)
    sell(first, f"{invoice}1", ("A", 10, 1), customer=customer)
    sell(second, f"{invoice}2", ("A", 3, 1), ("A", 1, 1), customer=customer)
    sell(third, f"{invoice}3", ("A", 2, 1), ("a", 99, 1), customer=customer)
    sell(third, f"{invoice}4", ("A", 99, 1), customer=customer, time="18:00")
    sell(second, f"{invoice}5", ("A", 99, 1), customer="77")
    sell(second, f"A{invoice}7", ("A", 99, 1), customer=customer)
    foreign = {"InvoiceNo": f"{invoice}1", "event_id": "foreign", "CustomerID": "77"}
    store.handler(stream_of(on(first, StockCode="A", Quantity=4, UnitPrice=1, **foreign)))
    back = (("A", -4, 1), ("A", -6, 1), ("A", -2, 1), ("A", -100, 1), ("Z", -1, 1))
    sell(third, f"C{invoice}6", *back, customer=customer, time="12:00")
    _, found, _ = ask(MINE, claims(customer), {"no": f"C{invoice}6"})
    assert returned(found) == [
        ("part_of_line", [(f"{invoice}1", 4)], 0),
        ("part_of_line", [(f"{invoice}1", 6)], 0),
        ("whole_line", [(f"{invoice}3", 2)], 0),
        ("too_many", [(f"{invoice}2", 1), (f"{invoice}2", 3)], 96),
        ("no_sale", [], 1),
    ]
    sale = found["lines"][0]["sales"][0]
    assert (sale["event_id"], sale["amount"]) == (f"{invoice}1-0", "-4.0000")
    _, sold, _ = ask(MINE, claims(customer), {"no": f"{invoice}1"})
    assert "sales" not in sold["lines"][0]


def test_a_cancelled_line_is_matched_against_what_earlier_ones_left(days, invoice, customer):
    """12 at 2.00, 12 at 2.50 the next day, 12 at 2.00 cancelled, and 12 again."""
    first, second, third, fourth = days(4)
    sell(first, f"{invoice}1", ("A", 12, 2), customer=customer)
    sell(second, f"{invoice}2", ("A", 12, 2.5), customer=customer)
    for day, number in ((third, f"C{invoice}3"), (fourth, f"C{invoice}4")):
        sell(day, number, ("A", -12, 2), customer=customer)
    for number, expected in (
        (f"C{invoice}3", ("whole_line", [(f"{invoice}1", 12)], 0)),
        (f"C{invoice}4", ("other_price", [(f"{invoice}2", 12)], 0)),
    ):
        _, found, _ = ask(MINE, claims(customer), {"no": number})
        assert returned(found) == [expected]


def test_a_guests_cancellation_names_no_sale(day, invoice):
    sell(day, f"{invoice}1", ("A", 1, 1))
    sell(day, f"C{invoice}2", ("A", -1, 1))
    _, found, _ = ask(DESK, STAFF, {"no": f"C{invoice}2"})
    assert returned(found) == [("guest", [], 1)]
    assert found["customer_id"] is None


def test_with_more_invoices_than_are_read_no_sale_is_named(days, invoice, customer, monkeypatch):
    first, second, third = days(3)
    sell(first, f"{invoice}1", ("A", 6, 1), customer=customer)
    sell(second, f"{invoice}2", ("A", 9, 1), customer=customer)
    sell(third, f"C{invoice}3", ("A", -6, 1), customer=customer)
    sell(third, f"{invoice}4", ("B", 6, 1), customer=customer)
    for most, expected in (
        (4, ("whole_line", [(f"{invoice}1", 6)], 0)),
        (3, ("unknown", [], 6)),
    ):
        monkeypatch.setattr(returns, "MOST_INVOICES", most)
        _, found, _ = ask(MINE, claims(customer), {"no": f"C{invoice}3"})
        assert returned(found) == [expected]


def test_a_cancellation_of_two_days_is_matched_up_to_its_last_line(days, invoice, customer):
    number = f"C{invoice}1"
    common = {"InvoiceNo": number, "StockCode": "A", "Quantity": -1, "CustomerID": customer}
    first, second, third = days(3)
    store.handler(stream_of(on(first, event_id=f"{invoice}-1", **common)))
    sell(second, f"{invoice}2", ("A", 1, 2.55), customer=customer)
    store.handler(stream_of(on(third, event_id=f"{invoice}-3", **common)))
    _, found, _ = ask(MINE, claims(customer), {"no": number})
    assert returned(found) == [("no_sale", [], 1), ("whole_line", [(f"{invoice}2", 1)], 0)]


def test_a_cancellation_is_a_read_for_each_invoice_before_it_and_three(days, invoice, customer):
    """Of more stock codes than DynamoDB filters by, too."""
    *earlier, day = days(4)
    codes = [f"{n:03d}" for n in range(101)]
    for n, each in enumerate(earlier):
        sell(each, f"{invoice}{n}", *((code, 2, 1) for code in codes), customer=customer)
    for number, back in ((f"C{invoice}8", codes[:100]), (f"C{invoice}9", codes)):
        sell(day, number, *((code, -2, 1) for code in back), customer=customer)
    asked = []
    events = client("dynamodb", attempts=3).meta.events
    events.register("before-send.dynamodb", lambda request, **_: asked.append(request), "count")
    _, found, _ = ask(MINE, claims(customer), {"no": f"C{invoice}8"})
    assert returned(found) == [("whole_line", [(f"{invoice}2", 2)], 0)] * 100
    others = len([*earlier, f"C{invoice}9"])
    assert len(asked) == 3 + others
    assert sum(b"FilterExpression" in request.body for request in asked) == others
    asked.clear()
    _, found, _ = ask(MINE, claims(customer), {"no": f"C{invoice}9"})
    assert not any(b"FilterExpression" in request.body for request in asked)
    ones = [sale["invoice_no"] for line in found["lines"] for sale in line["sales"]]
    assert Counter(ones) == {f"{invoice}1": 100, f"{invoice}2": 1}


def test_the_same_content_is_304_and_changed_content_is_not(day, invoice, customer):
    sell(day, invoice, ("A", 1, 1), customer=customer)
    who = claims(customer)
    _, _, headers = ask(MINE, who, {"no": invoice})
    etag = headers["ETag"]
    assert etag.startswith('"')
    assert headers["Cache-Control"] == "private, no-cache"
    for sent in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        status, body, again = ask(MINE, who, {"no": invoice}, {"if-NONE-match": sent})
        assert (status, body, again["ETag"]) == (304, None, etag)
    sell(day, invoice, ("A", 1, 1), ("B", 1, 1), customer=customer)
    status, _, changed = ask(MINE, who, {"no": invoice}, {"If-None-Match": etag})
    assert status == 200
    assert changed["ETag"] != etag


def test_a_receipt_is_answered_once_its_line_is_visible(day, invoice, customer):
    (event,) = sell(day, f"{invoice}1", ("A", 1, 1), customer=customer)
    number = f"{invoice}2"
    for route, who in ((MINE, claims(customer)), (DESK, STAFF)):
        status, _, headers = ask(route, who, {"no": number}, after=f"{number}-0")
        assert (status, headers["Retry-After"]) == (202, "1")
    sell(day, number, ("A", 1, 1), customer=customer)
    for route, who in ((MINE, claims(customer)), (DESK, STAFF)):
        status, found, _ = ask(route, who, {"no": number}, after=f"{number}-0")
        assert (status, found["lines"][0]["event_id"]) == (200, f"{number}-0")
        assert ask(route, who, {"no": number}, after=event["event_id"])[0] == 202


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "1e2"},
        {"limit": "٣"},
        {"limit": ""},
        {"limit": " 5"},
        {"limit": "-1"},
        {"limit": "9" * 5000},
        {"page": ""},
        {"page": "x"},
        {"after": "e"},
        {"customer": "1"},
        {"Limit": "5"},
    ],
)
def test_a_parameter_of_a_list_that_is_not_as_described_is_400(parameters):
    for route in ("/me/invoices", "/me/items"):
        status, body, headers = ask(route, claims("17850"), **parameters)
        assert (status, list(body)) == (400, ["message"])
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("after", ["", "no spaces", "#", "x" * 129, "٣"])
def test_a_receipt_that_is_no_event_id_is_400(after):
    assert ask(MINE, claims("17850"), {"no": "536365"}, after=after)[0] == 400


def test_a_parameter_given_twice_is_400():
    given = request("/me/invoices", claims("17850"), limit="1")
    given["multiValueQueryStringParameters"] = {"limit": ["1", "2"]}
    assert query.handler(given)["statusCode"] == 400


def test_money_is_exact_for_the_largest_amounts(day, invoice, customer):
    sell(day, invoice, *[("A", 2**31 - 1, "99999999.9999")] * 3, customer=customer)
    exact = str(3 * (2**31 - 1) * Decimal("99999999.9999"))
    assert ask(MINE, claims(customer), {"no": invoice})[1]["total"] == exact
    (page,) = pages("/me/items", claims(customer))
    assert page["items"][0]["spend"] == exact


def test_a_table_that_takes_no_more_reads_is_503_with_a_time_to_retry(customer):
    """Throttling is put in where boto3 sends: each attempt gets DynamoDB's own refusal."""
    from botocore.awsrequest import AWSResponse

    class Refusal:
        def stream(self, **_):
            yield json.dumps({"__type": "ProvisionedThroughputExceededException"}).encode()

    def refuse(request, **_):
        return AWSResponse(request.url, 400, {}, Refusal())

    client("dynamodb", attempts=3).meta.events.register("before-send.dynamodb", refuse)
    status, _, headers = ask("/me/invoices", claims(customer))
    assert (status, headers["Retry-After"]) == (503, "1")
