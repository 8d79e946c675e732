"""What the settings and a user say of a file, against what the file has."""

from dataclasses import replace

import pytest

from ecom_pipeline.domain.currency import Currency
from ecom_pipeline.replay import summary
from ecom_pipeline.replay.choices import AS_IT_IS, DATA_SET, columns_of
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.understanding import understand
from ecom_pipeline_tests.unit.replay.conftest import row

EURO = replace(DATA_SET, currency=Currency(code="EUR", symbol="€", decimals=2))
CANADIAN = replace(DATA_SET, currency=Currency(code="CAD", symbol="CA$", decimals=2))


def refusal(path, choices=DATA_SET) -> str:
    with pytest.raises(DatasetError) as caught:
        understand(path, choices).require_sendable(allow_rejects=False)
    return str(caught.value).replace(str(path), "FILE")


def prices(written, *texts):
    return written(*(row(UnitPrice=text) for text in texts), encoding="utf-8")


def test_prices_in_another_currency_than_the_shops_are_refused(written):
    assert refusal(prices(written, "2.55", "€2.55")) == (
        "FILE, line 3 has UnitPrice '€2.55', but the shop's currency is GBP: set ECOM_CURRENCY to"
        " the currency of the file, or send prices in GBP"
    )
    assert "is EUR" in refusal(prices(written, "£2.55"), EURO)
    assert understand(prices(written, "€2.55"), EURO).currency == "€"
    assert understand(prices(written, "$2.55"), CANADIAN).currency == "$"


def test_prices_with_two_signs_are_refused_and_prices_without_one_are_told(written):
    assert "send one currency" in refusal(prices(written, "£2.55", "€2.55"))
    file = understand(prices(written, "£2.55", "2.55", "2.55", "0"), DATA_SET)
    assert "2 rows have prices without a sign, others with £" in summary.lines(file)[-1]
    file = understand(prices(written, "£2.55", "£2.50"), DATA_SET)
    assert "without a sign" not in summary.lines(file)[-1]


@pytest.mark.parametrize(("price", "mark"), [('"2,55"', "comma"), ("2.55", "point")])
def test_quantities_that_are_thousands_or_have_three_decimals_are_refused(written, price, mark):
    pieces = ["6.000", "12.000"] if mark == "comma" else ['"6,000"', '"12,000"']
    path = written(*(row(UnitPrice=price, Quantity=each) for each in pieces))
    assert f"which is 6000 with a decimal {mark} as in prices, or 6: send" in refusal(path)
    chosen = understand(path, replace(DATA_SET, decimal=mark))
    assert chosen.columns[3].values == ["6000", "12000"]
    path = written(*(row(UnitPrice=price, Quantity=each) for each in [*pieces, "48"]))
    assert understand(path, DATA_SET).columns[3].values == ["6000", "12000", "48"]


def test_a_column_is_given_for_one_key_only():
    with pytest.raises(DatasetError, match="'Order No' is given for InvoiceNo and for StockCode"):
        columns_of("InvoiceNo=order_no,StockCode=Order No")


def test_a_given_column_that_a_file_lacks_is_named(written):
    choices = replace(AS_IT_IS, columns={"InvoiceNo": "order_no"})
    assert "its header lacks 'order_no' for InvoiceNo" in refusal(written(row()), choices)


def test_the_reasons_behind_the_most_frequent_one_are_counted_in_rows(written):
    path = written(row(), *[row(Quantity="six")] * 3, row(Country=""), row(UnitPrice="x"))
    assert "got 'six', and 2 for other reasons: nothing was sent" in refusal(path)
    assert "other reasons" not in refusal(written(row(), row(Quantity="six")))
