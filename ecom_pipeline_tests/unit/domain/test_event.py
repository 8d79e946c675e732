"""domain.event: what is a valid event, and the error of an invalid one."""

import csv
import json
import re
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER
from ecom_pipeline.domain.digest import digest
from ecom_pipeline.domain.event import EventError, InvoiceLine, parse
from ecom_pipeline_tests.builders import REAL, payload

TODAY = date(2026, 11, 22)


def read(**changes):
    """Parse a varied event as it comes over the wire: JSON text with exact numbers."""
    return parse(envelope.decode_json(json.dumps(payload(**changes)).encode()), received=TODAY)


def refusal(value):
    """Return the error that a value gets, or None when it is an event."""
    try:
        parse(value, event_id="x", received=TODAY)
    except EventError as error:
        return error
    return None


def test_an_event_is_read_with_its_types():
    assert read() == InvoiceLine(
        event_id="e-1",
        invoice_no="536365",
        stock_code="85123A",
        description="WHITE HANGING HEART T-LIGHT HOLDER",
        quantity=6,
        invoice_time=datetime(2010, 12, 1, 8, 26),  # noqa: DTZ001 - the shop's local time
        unit_price=Decimal("2.5500"),
        customer_id="17850",
        country="United Kingdom",
    )


@pytest.mark.parametrize("sent", [17850, 17850.0, "17850", "17850.0"])
def test_pandas_ways_to_write_a_customer_are_one_customer(sent):
    assert read(CustomerID=sent).customer_id == "17850"


@pytest.mark.parametrize("key", ["CustomerID", "Description"])
def test_a_missing_customer_or_description_is_valid(key):
    without = {k: v for k, v in payload().items() if k != key}
    lines = [
        read(**{key: None}),
        read(**{key: ""}),
        parse(without | {"UnitPrice": 1}, received=TODAY),
    ]
    assert [
        getattr(line, {"CustomerID": "customer_id"}.get(key, "description")) for line in lines
    ] == [
        None,
        None,
        None,
    ]


def test_text_is_kept_as_sent():
    assert read(Description=" SET 2  TEA TOWELS ").description == " SET 2  TEA TOWELS "
    assert read(StockCode="15056bl").stock_code == "15056bl"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "sale"),
        ({"InvoiceNo": "C536379", "Quantity": -1}, "cancellation"),
        ({"InvoiceNo": "A563186", "UnitPrice": -11062.06}, "adjustment"),
        ({"InvoiceNo": "C496350", "Quantity": 1, "UnitPrice": 373.57}, "adjustment"),
        ({"InvoiceNo": "C496350", "Quantity": 1, "UnitPrice": -1}, "adjustment"),
        ({"Quantity": -10, "UnitPrice": 0}, "write_off"),
        ({"UnitPrice": 0}, "sale"),
    ],
)
def test_the_kind_follows_from_number_quantity_and_price(changes, kind):
    assert read(**changes).kind == kind


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"InvoiceNo": ""}, "InvoiceNo"),
        ({"InvoiceNo": "c536379"}, "InvoiceNo"),
        ({"InvoiceNo": "536365#X"}, "InvoiceNo"),
        ({"InvoiceNo": None}, "InvoiceNo"),
        ({"StockCode": None}, "StockCode"),
        ({"StockCode": "X" * 33}, "StockCode"),
        ({"Description": "£" * 129}, "Description"),
        ({"Description": "a\x00b"}, "Description"),
        ({"Description": "a\nb"}, "Description"),
        ({"Description": ["x"]}, "Description"),
        ({"Quantity": "six"}, "Quantity"),
        ({"Quantity": 0}, "Quantity"),
        ({"Quantity": 1.5}, "Quantity"),
        ({"Quantity": True}, "Quantity"),
        ({"Quantity": 2**31}, "Quantity"),
        ({"Quantity": None}, "Quantity"),
        ({"UnitPrice": "2,55"}, "UnitPrice"),
        ({"UnitPrice": 2.55001}, "UnitPrice"),
        ({"UnitPrice": 123456789}, "UnitPrice"),
        ({"UnitPrice": "NaN"}, "UnitPrice"),
        ({"UnitPrice": " 2.55"}, "UnitPrice"),
        ({"UnitPrice": -1.0, "Quantity": 2}, "UnitPrice"),
        ({"UnitPrice": -1, "Quantity": -2}, "UnitPrice"),
        ({"UnitPrice": -1, "Quantity": -2, "InvoiceNo": "C1"}, "UnitPrice"),
        ({"Description": "Gift Voucher \ufffd40"}, "Description"),
        ({"Country": "\ufffd"}, "Country"),
        ({"StockCode": "\ufffd"}, "StockCode"),
        ({"CustomerID": "12a"}, "CustomerID"),
        ({"CustomerID": "١٢"}, "CustomerID"),
        ({"CustomerID": 17850.5}, "CustomerID"),
        ({"CustomerID": -1}, "CustomerID"),
        ({"Country": ""}, "Country"),
        ({"InvoiceDate": "2010-12-01T08:26"}, "InvoiceDate"),
        ({"InvoiceDate": "13/1/2010 8:26"}, "InvoiceDate"),
        ({"InvoiceDate": "12/31/2008 8:26"}, "InvoiceDate"),
        ({"InvoiceDate": "11/24/2026 0:00"}, "InvoiceDate"),
        ({"InvoiceDate": 40513}, "InvoiceDate"),
        ({"event_id": "a b"}, "event_id"),
        ({"event_id": "x" * 129}, "event_id"),
        ({"event_id": 7}, "event_id"),
        ({"Discount": 1}, "Discount"),
    ],
)
def test_a_bad_event_names_its_field(changes, field):
    with pytest.raises(EventError) as caught:
        read(**changes)
    assert caught.value.field == field
    assert caught.value.expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("SMALL \x96 LARGE", "; U+0096 is '\u2013' in cp1252: decode the file as cp1252"),
        ("\x80 5", "; U+0080 is '€' in cp1252: decode the file as cp1252"),
        ("a\x81b", "without control characters, got"),
        ("a\tb", "without control characters, got"),
    ],
)
def test_a_byte_of_cp1252_that_was_read_as_latin_1_is_named(text, named):
    with pytest.raises(EventError, match=re.escape(named)):
        read(Description=text)


@pytest.mark.parametrize(
    "text", ["1e400000", "1E-400000", "-1e999999999", "1e-999999999", "9" * 400]
)
@pytest.mark.parametrize("key", ["Quantity", "UnitPrice", "CustomerID"])
def test_a_monstrous_number_is_refused_at_once(key, text):
    wire = json.dumps(payload(**{key: 0})).replace(f'"{key}": 0', f'"{key}": {text}')
    with pytest.raises(EventError, match=key):
        parse(envelope.decode_json(wire.encode()), received=TODAY)


def test_an_event_may_be_dated_tomorrow_at_the_latest():
    assert read(InvoiceDate="11/23/2026 23:59").invoice_date == date(2026, 11, 23)


prices = st.decimals(min_value="-99999999", max_value="99999999", places=4)
quantities = st.integers(-(2**31), 2**31 - 1).filter(bool)
texts = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffd"),
    min_size=1,
    max_size=16,
)


@given(price=prices, quantity=quantities, text=texts)
def test_whatever_is_accepted_is_exact(price, quantity, text):
    event = payload(UnitPrice=str(price), Quantity=quantity, Description=text)
    event |= {"InvoiceNo": "A1"} if price < 0 else {}
    line = parse(envelope.decode_json(json.dumps(event).encode()), received=TODAY)
    assert line.unit_price == price
    assert line.amount == price * quantity
    assert line.description == text
    row = dict(zip(CSV_HEADER, line.row(), strict=True))
    assert Decimal(row["amount"]) == price * quantity
    assert not row["amount"].startswith("-0.0000")


@settings(max_examples=settings().max_examples // 2)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
        max_leaves=5,
    )
)
def test_any_json_is_an_event_or_has_a_field_at_fault(value):
    refused = refusal(value)
    assert refused is None or (refused.expected and refused.got)


@given(a=texts, b=texts)
def test_the_digest_tells_neighbouring_texts_apart(a, b):
    one, two = read(Description=a, Country=b), read(Description=b, Country=a)
    assert (digest(one.row()) == digest(two.row())) == (a == b)


def test_a_row_has_a_text_for_each_column():
    assert len(read().row()) == len(COLUMNS)


@pytest.mark.parametrize(
    "changes",
    [
        {"InvoiceNo": "C536379", "StockCode": "D", "Description": "Discount", "Quantity": "-1"},
        {"InvoiceNo": "A563186", "StockCode": "B", "UnitPrice": "-11062.06", "CustomerID": ""},
        {"Description": "", "Quantity": "-10", "UnitPrice": "0", "CustomerID": ""},
        {"Description": "?", "Quantity": "-74215", "UnitPrice": "0"},
        {"Description": ' 7" BOX,  £5 ', "Quantity": "80995"},
        {"StockCode": "gift_0001_20", "UnitPrice": "0.001"},
        {"StockCode": "BANK CHARGES", "Country": "Unspecified"},
        {"StockCode": "m", "Description": "20713"},
    ],
)
def test_dirt_like_the_shops_is_valid(changes: dict[str, str]):
    sent = {key: str(value) for key, value in payload().items()} | changes
    assert parse(sent, received=TODAY).stock_code == sent["StockCode"]


def test_the_dirty_rows_of_the_real_file_are_all_valid_events():
    """Each is dirt that the shop really made; none of them breaks a rule of the domain."""
    found = REAL / "dirty_sample.csv"
    text = found.read_text(encoding="utf-8") if found.exists() else ""
    rows = list(csv.DictReader(text.splitlines()))
    for row in rows:
        sent = {k: row[k] for k in payload() if k in row} | {"event_id": row["source_line"]}
        assert parse(sent, received=TODAY).event_id == row["source_line"]
