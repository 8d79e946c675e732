"""Amounts as each currency writes them: exact, with its own decimals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.values import currency

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("code", "amount", "text", "aligned"),
    [
        ("GBP", "9747747.9340", "£9,747,747.934", "£9,747,747.9340"),
        ("GBP", "2.5000", "£2.50", "£2.50"),
        ("GBP", "-0.5500", "-£0.55", "-£0.55"),
        ("GBP", "0.0010", "£0.001", "£0.0010"),
        ("JPY", "1000000.0000", "¥1,000,000", "¥1,000,000"),
        ("JPY", "-12.5000", "-¥12.5", "-¥12.5000"),
        ("KWD", "12.5000", f"KWD{NBSP}12.500", f"KWD{NBSP}12.500"),
        ("KWD", "-0.0001", f"-KWD{NBSP}0.0001", f"-KWD{NBSP}0.0001"),
        ("CLF", "1.0000", f"CLF{NBSP}1.0000", f"CLF{NBSP}1.0000"),
        ("XCG", "1.5000", f"Cg.{NBSP}1.50", f"Cg.{NBSP}1.50"),
        ("CAD", "1.5000", "CA$1.50", "CA$1.50"),
    ],
)
def test_an_amount_is_exact_with_the_currencys_decimals(code, amount, text, aligned):
    made = currency(code)
    assert (made.text(Decimal(amount)), made.aligned(Decimal(amount))) == (text, aligned)


@given(
    st.sampled_from(["GBP", "JPY", "KWD", "CLF"]),
    st.decimals(-(10**18), 10**18, places=4, allow_nan=False),
)
def test_no_digit_of_an_amount_is_lost(code, amount):
    made = currency(code)
    for shown in (made.text(amount), made.aligned(amount)):
        assert Decimal(shown.replace(made.prefix, "").replace(",", "")) == amount
