"""realtime.query against an emulated DynamoDB."""

import json
from datetime import timedelta

import pytest

from ecom_pipeline.realtime import query, store
from ecom_pipeline_tests.builders import on, stream_of

pytestmark = pytest.mark.usefixtures("functions")


def ask(resource, parameters, **query_string):
    event = {
        "resource": resource,
        "pathParameters": parameters,
        "queryStringParameters": query_string or None,
    }
    answer = query.handler(event)
    return answer["statusCode"], json.loads(answer["body"])


def test_an_invoice_has_its_lines_and_an_exact_total(aws, day, invoice):
    one = on(day, InvoiceNo=invoice, event_id=f"{invoice}-1", UnitPrice=0.001, Quantity=3)
    two = on(day, InvoiceNo=invoice, event_id=f"{invoice}-2", UnitPrice=2.1, Quantity=-1)
    store.handler(stream_of(one, two))
    status, found = ask("/invoices/{no}", {"no": invoice})
    assert (status, found["total"], found["customer_id"]) == (200, "-2.0970", "17850")
    assert [(line["unit_price"], line["quantity"]) for line in found["lines"]] == [
        ("0.0010", 3),
        ("2.1000", -1),
    ]


@pytest.mark.parametrize("number", ["999999999", "536365#X", "", "x" * 5000, "CUSTOMER#1"])
def test_an_unknown_or_impossible_invoice_is_404(aws, number):
    assert ask("/invoices/{no}", {"no": number})[0] == 404


def test_a_customers_invoices_come_newest_first_page_by_page(aws, day, invoice):
    customer = f"9{invoice}"
    numbers = [f"{invoice}{n:03d}" for n in range(query.PAGE + 20)]
    events = [
        on(day + timedelta(days=n), InvoiceNo=number, event_id=number, CustomerID=customer)
        for n, number in enumerate(numbers)
    ]
    store.handler(stream_of(*events))
    found, after = [], {}
    while True:
        status, page = ask("/customers/{id}/invoices", {"id": customer}, **after)
        assert status == 200
        found += [each["invoice_no"] for each in page["invoices"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == numbers[::-1]


@pytest.mark.parametrize("after", ["x", "2010-12-01", "2010-12-01#536365#", "CUSTOMER#2"])
def test_a_made_up_page_token_is_refused(aws, after):
    assert ask("/customers/{id}/invoices", {"id": "17850"}, after=after)[0] == 400
