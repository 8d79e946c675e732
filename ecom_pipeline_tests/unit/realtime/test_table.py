"""realtime.table: an item has all of its line, and is read back as it was written."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.event import InvoiceLine, parse
from ecom_pipeline.realtime import invoices, item_shape, table
from ecom_pipeline_tests.builders import RECEIVED, payload

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=16)
lines = st.builds(
    lambda quantity, price, description, customer, invoice: line(
        Quantity=quantity,
        UnitPrice=price,
        Description=description,
        CustomerID=customer,
        InvoiceNo="A563187" if price < 0 else invoice,
    ),
    st.integers(-(2**31), 2**31 - 1).filter(bool),
    st.decimals(min_value="-99999999", max_value="99999999", places=4),
    texts | st.none(),
    st.sampled_from(["17850", "1", None]),
    st.sampled_from(["536365", "C536379", "A563187"]),
)


def line(**changes: object) -> InvoiceLine:
    return parse(payload(UnitPrice=Decimal("2.5")) | changes, received=RECEIVED.date())


def kept(item: table.Item) -> table.Item:
    """Return an item as DynamoDB gives it back: a number without its idle zeros."""
    return {
        name: {"N": f"{Decimal(value['N']).normalize():f}"} if "N" in value else value
        for name, value in item.items()
    }


@settings(max_examples=settings().max_examples // 2)
@given(lines)
def test_a_line_is_read_back_as_it_was_stored(stored: InvoiceLine):
    found = invoices._line(kept(item_shape.line_item(stored, RECEIVED)))
    assert found == invoices.Line(
        event_id=stored.event_id,
        customer=stored.customer_id,
        stock_code=stored.stock_code,
        description=stored.description,
        quantity=stored.quantity,
        unit_price=stored.unit_price,
        amount=stored.amount,
        invoice_time="2010-12-01 08:26:00",
        kind=stored.kind,
    )
    assert str(found.amount) == str(stored.amount)


def test_an_item_lies_under_its_lines_key_with_the_digest_of_its_content():
    item = item_shape.line_item(line(), RECEIVED)
    assert (
        (item["pk"]["S"], item["sk"]["S"])
        == item_shape.key_of(line())
        == ("INVOICE#536365", "LINE#e-1")
    )
    assert item["digest"] == {"N": str(digest(line().row()))}
    assert item["digest"] != item_shape.line_item(line(Quantity=7), RECEIVED)["digest"]


def test_what_an_event_has_not_is_not_in_its_item():
    bare = item_shape.line_item(line(CustomerID=None, Description=None), RECEIVED)
    assert item_shape.line_item(line(), RECEIVED).keys() - bare.keys() == {
        "customer_id",
        "description",
    }


def test_the_moment_of_arrival_is_kept_in_utc():
    paris = datetime(2026, 11, 22, 13, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    for moment in (paris, datetime(2026, 11, 22, 12, 0, tzinfo=UTC)):
        assert item_shape.line_item(line(), moment)["received_at"] == {
            "S": "2026-11-22T12:00:00+00:00"
        }


def test_a_customers_header_is_in_the_index_and_a_guests_is_not():
    of_customer, of_guest = (
        item_shape.header_item(line(CustomerID=each)) for each in ("17850", None)
    )
    in_index = {"customer": {"S": "CUSTOMER#17850"}, "customer_invoice": {"S": "2010-12-01#536365"}}
    assert of_customer == of_guest | in_index
    assert of_guest == {
        "pk": {"S": "INVOICE#536365"},
        "sk": {"S": keys.HEADER_SK},
        "invoice_date": {"S": "2010-12-01"},
        "country": {"S": "United Kingdom"},
    }


def test_a_header_that_was_seen_is_forgotten_after_minutes(monkeypatch: pytest.MonkeyPatch):
    clock = SimpleNamespace(now=1_000.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(table, "time", clock)
    monkeypatch.setattr(table, "_headers_seen", {})
    first, second = ("INVOICE#1", "HEADER"), ("INVOICE#2", "HEADER")
    table._see([first])
    clock.now += 200
    table._see([second])
    assert table._seen() == {first, second}
    clock.now += 150
    assert table._seen() == {second}


def test_what_is_remembered_of_headers_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(table, "_headers_seen", {})
    monkeypatch.setattr(table, "_HEADERS_KEPT", 3)
    for number in range(9):
        table._see([(f"INVOICE#{number}", "HEADER")])
        assert (f"INVOICE#{number}", "HEADER") in table._seen()
        assert len(table._headers_seen) <= 4
