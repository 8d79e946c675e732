"""realtime.returns: which earlier sale a cancelled line may take back."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ecom_pipeline.realtime.invoices import Header, Line
from ecom_pipeline.realtime.returns import _covers, bought_on

SOLD = Line(
    event_id="e-1",
    customer="17850",
    stock_code="85123A",
    description="WHITE HANGING HEART T-LIGHT HOLDER",
    quantity=4,
    unit_price=Decimal("2.5500"),
    amount=Decimal("10.2000"),
    invoice_time="2010-12-02 12:00:00",
    kind="sale",
)
BACK = msgspec.structs.replace(SOLD, event_id="e-9", quantity=-4, kind="cancellation")
OWN = Header(
    invoice_no="C536379",
    invoice_date="2010-12-02",
    country="United Kingdom",
    customer="17850",
    index_key="2010-12-02#C536379",
)


def lines(*changes: dict[str, Any]) -> list[Line]:
    return [msgspec.structs.replace(SOLD, **each) for each in changes]


@pytest.mark.parametrize(
    ("sold", "covers"),
    [
        ([{}], True),
        ([{"quantity": 5}], True),
        ([{"quantity": 3}], False),
        ([{"quantity": 3}, {"quantity": 1}], True),
        ([{"unit_price": Decimal("9.9900")}], True),
        ([{"stock_code": "85123a"}], False),
        ([{"customer": "1785"}], False),
        ([{"customer": None}], False),
        ([{"invoice_time": "2010-12-02 12:01:00"}], False),
        ([{"invoice_time": "2009-12-31 23:59:00"}], True),
        ([{"kind": "write_off"}], False),
        ([{"quantity": 5}, {"quantity": -2, "kind": "cancellation"}], True),
        ([], False),
    ],
)
def test_an_invoice_covers_a_cancellation_by_what_it_sold_of_it_until_then(
    sold: list[dict[str, Any]], covers: bool
):
    assert _covers(lines(*sold), BACK) is covers


@pytest.mark.parametrize("quantity", [0, 4])
def test_what_takes_nothing_back_is_covered_by_nothing(quantity: int):
    assert not _covers(lines({}), msgspec.structs.replace(BACK, quantity=quantity))


@pytest.mark.parametrize(
    ("header", "line"),
    [
        (OWN, SOLD),
        (OWN, msgspec.structs.replace(BACK, customer="1785")),
        (msgspec.structs.replace(OWN, customer=None), msgspec.structs.replace(BACK, customer=None)),
    ],
)
def test_a_guests_or_a_strangers_line_or_a_sale_is_not_even_looked_for(header: Header, line: Line):
    """A read would fail here: there is no table, and no socket to reach one."""
    assert bought_on(header, [line]) == {}
