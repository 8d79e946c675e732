"""What a file's form puts around values is taken off and told; what may be the shop's own stays."""

import pytest

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay import summary
from ecom_pipeline_tests.unit.replay.conftest import row
from ecom_pipeline_tests.unit.replay.reading import events

TEXTS = "StockCode", "Description", "Country"
CODES = "85123A", "22423", "POST"


def sent(path) -> list[tuple[str, ...]]:
    return [tuple(str(event[key]) for key in TEXTS) for _, event in events(path)]


def ids(path) -> list[object]:
    return [event["event_id"] for _, event in events(path)]


def told(path) -> str:
    return "\n".join(summary.lines(events(path).file))


def rows_of(codes) -> list[list[str]]:
    return [row(StockCode=code, Description=f"MUG {code}") for code in codes]


def test_a_blank_after_each_separator_is_no_part_of_a_value(written):
    plain = ids(written(*rows_of(CODES), name="plain.csv"))
    spaced = [[each[0], *(f" {text}" for text in each[1:])] for each in rows_of(CODES)]
    path = written(*spaced, header=[DATA_SET_KEYS[0], *(f" {key}" for key in DATA_SET_KEYS[1:])])
    assert ids(path) == plain
    assert "left out: blanks around StockCode, Description, Country" in told(path)


def test_a_table_with_bars_has_the_values_between_the_blanks(tmp_path, written):
    plain = ids(written(*rows_of(CODES), name="plain.csv"))
    path = tmp_path / "table.txt"
    lines = [" | ".join(each) for each in (DATA_SET_KEYS, *rows_of(CODES))]
    path.write_text("".join(f"{line}\n" for line in lines))
    assert ids(path) == plain


def test_columns_of_one_width_lose_the_blanks_that_fill_them_up(written):
    plain = ids(written(*rows_of(CODES), name="plain.csv"))
    padded = [
        [*each[:1], f"{each[1]:<14}", f"{each[2]:<35}", *each[3:7], f"{each[7]:<20}"]
        for each in rows_of(CODES)
    ]
    path = written(*padded)
    assert ids(path) == plain
    assert "left out: blanks around StockCode, Description, Country" in told(path)


@pytest.mark.parametrize("codes", [["22423 "], ["22423 ", "85123A"], ["22423 ", "22423"]])
def test_the_blank_of_a_single_code_stays_and_is_told(written, codes):
    path = written(*rows_of(codes))
    assert [code for code, _, _ in sent(path)] == codes
    assert "odd: blanks are kept around some stock codes or countries: '22423 '" in told(path)


def test_blanks_at_the_end_of_some_descriptions_stay(written):
    path = written(row(Description="OCHRE MUG "), row(Description="OCHRE MUG"))
    assert [text for _, text, _ in sent(path)] == ["OCHRE MUG ", "OCHRE MUG"]
    assert "left out" not in told(path)


def test_texts_that_excel_protects_are_the_texts_inside(written):
    plain = ids(written(*rows_of(["0022423"]), name="plain.csv"))
    for texts in ('="{}"', '"=""{}"""'):
        path = written([texts.format(text) for text in rows_of(["0022423"])[0]])
        assert ids(path) == plain
        assert 'taken off: =" and " around InvoiceNo, StockCode' in told(path)


def test_codes_that_were_floats_lose_their_decimals_only_if_all_have_them(written):
    path = written(*rows_of(["22423.0", "85123A", "71053.0"]))
    assert [code for code, _, _ in sent(path)] == ["22423", "85123A", "71053"]
    assert "left out: the .0 of StockCode" in told(path)
    mixed = ["22423.0", "85123A", "71053"]
    assert [code for code, _, _ in sent(written(*rows_of(mixed)))] == mixed


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"StockCode": "'85123A"}, 'the apostrophe before every StockCode is kept: "\'85123A"'),
        ({"StockCode": "  "}, "some stock codes are only blanks: '  '"),
        ({"StockCode": "840290000000000"}, "Excel made of codes: '840290000000000'"),
        ({"StockCode": "8.4E+14"}, "Excel made of codes: '8.4E+14'"),
        ({"CustomerID": "0"}, "a customer's number is no guest: '0'"),
    ],
)
def test_a_value_that_may_be_meant_otherwise_is_told(written, changes, says):
    path = written(row(), row(**changes)) if "'85" not in says else written(row(**changes))
    assert says in told(path).partition("odd: ")[2]


def test_ordinary_values_are_not_odd(written):
    path = written(row(), row(StockCode="9780141187766", CustomerID="100000"))
    assert "odd" not in told(path)


def test_a_padded_word_for_no_customer_is_none_for_a_description(written):
    path = written(row(CustomerID="NULL ", Description="NULL"))
    (only,) = events(path)
    assert only[1]["Description"] is None
