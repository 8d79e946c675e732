"""realtime.returns: matches of lines that were read; emulated/query/test_answers.py reads."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ecom_pipeline.domain.returns import Fit
from ecom_pipeline.realtime.invoices import Line
from ecom_pipeline.realtime.returns import matched, matches_of

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


def lines(*changes: dict[str, Any]) -> list[Line]:
    return [msgspec.structs.replace(SOLD, **each) for each in changes]


@pytest.mark.parametrize(
    ("sold", "fit"),
    [
        ([{}], Fit.WHOLE_LINE),
        ([{"quantity": 5}], Fit.PART_OF_LINE),
        ([{"quantity": 3}], Fit.TOO_MANY),
        ([{"quantity": 3}, {"quantity": 1}], Fit.SEVERAL_LINES),
        ([{"unit_price": Decimal("9.9900")}], Fit.OTHER_PRICE),
        ([{"stock_code": "85123a"}], Fit.NO_SALE),
        ([{"invoice_time": "2010-12-02 12:01:00"}], Fit.NO_SALE),
        ([{"invoice_time": "2009-12-31 23:59:00"}], Fit.WHOLE_LINE),
        ([{"kind": "write_off"}], Fit.NO_SALE),
        ([{}, {"quantity": -2, "kind": "cancellation"}], Fit.TOO_MANY),
        ([], Fit.NO_SALE),
    ],
)
def test_what_was_read_is_matched_by_its_kind_stock_code_and_time(
    sold: list[dict[str, Any]], fit: Fit
):
    read = [(str(n), line) for n, line in enumerate(lines(*sold))]
    matches = matches_of([*read, ("C9", BACK)], BACK.stock_code)
    assert [m.fit for m in matches if m.cancelled.event_id == BACK.event_id] == [fit]


def test_a_guests_line_and_a_sale_are_not_even_looked_for():
    """A read would fail here: there is no table, and no socket to reach one."""
    guests = msgspec.structs.replace(BACK, customer=None)
    assert matched("C536379", [SOLD, guests]) == {
        "e-9": {"match": "guest", "sales": [], "unmatched": 4}
    }
