"""The errors of a file, and its rows unchanged."""

import gzip
import re

import pytest

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay import delimited, summary
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.replay.content import look
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.text_scan import scan
from ecom_pipeline.replay.understanding import understand
from ecom_pipeline_tests.unit.replay.conftest import row
from ecom_pipeline_tests.unit.replay.reading import read, reading_of


def refusal(path):
    with pytest.raises(DatasetError) as caught:
        read(path)
    said = str(caught.value)
    assert str(path) in said
    assert "\n" not in said
    return said.replace(str(path), "FILE")


def test_the_rows_are_those_that_csv_reads(whole):
    reading = reading_of(whole)
    assert reading.exact
    assert reading.source.content.sha256() == reading.sha256
    assert "ISO-8859-1" in reading.source.form


def test_columns_may_stand_in_another_order(written):
    path = written(row()[::-1], header=DATA_SET_KEYS[::-1])
    assert read(path) == [tuple(row())]


def test_blank_lines_and_a_missing_last_line_end_are_no_rows(tmp_path, written):
    path = written(row(), [""], row())
    path.write_bytes(path.read_bytes()[:-2])
    assert read(path) == [tuple(row())] * 2


@pytest.mark.parametrize("rows", [1, 19_999, 20_000, 20_001])
def test_no_row_is_lost_where_chunks_meet(written, rows):
    path = written(*([row()] * rows))
    assert sum(1 for _ in read(path)) == rows


def test_a_pound_sign_late_in_a_file_decides_its_encoding(written):
    rows = [row()] * 20_000 + [row(Description="£5")]
    for encoding in ("iso-8859-1", "utf-8"):
        *_, last = read(written(*rows, encoding=encoding))
        assert last[2] == "£5"


def test_a_character_cut_in_two_at_the_end_is_not_utf8(tmp_path, written):
    path = written(row(Country="£"), encoding="utf-8")
    path.write_bytes(path.read_bytes()[:-2].removesuffix(b"\xa3"))
    assert scan(look(path)).encoding == "iso-8859-1"


def test_one_byte_of_another_encoding_is_named_and_changes_no_other_text(written, tmp_path):
    path = written(row(), row(Description="CAF@"), row(Description="Voucher £40"), encoding="utf-8")
    path.write_bytes(path.read_bytes().replace(b"@", b"\xe9"))
    assert refusal(path) == (
        "FILE, line 3, byte 17: E9 ('é' in ISO-8859-1) is not UTF-8, but line 4 has UTF-8: save the"
        " file in one encoding"
    )


def test_letters_that_another_code_page_may_mean_are_told(written):
    def said(description, encoding, name="rows.csv"):
        path = written(row(Description=description), encoding=encoding, name=name)
        return "".join(summary.lines(understand(path, DATA_SET)))

    note = "may be letters of another code page"
    assert f"; \u0153 \u201a {note}" in said("CAF\u00e9 \u00a35", "cp850")
    assert f"; \u017d {note}" in said("CAF\u00e9", "mac-roman")
    assert note not in said("CAF\u00e9 \u00a35 \u2013 \u20ac6 it\u2019s", "cp1252")
    assert note not in said("\u0153uf", "utf-8")


def test_windows_texts_are_read_as_cp1252(written):
    (only,) = read(written(row(Description="A \u2013 B \u20ac5 £5"), encoding="cp1252"))
    assert only[2] == "A \u2013 B \u20ac5 £5"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (r'"LETTER \"D\" BLING"', 'LETTER "D" BLING'),
        (r'"LETTER \"D\", BLING"', 'LETTER "D", BLING'),
        (r'"RECORD FRAME 7\""', 'RECORD FRAME 7"'),
    ],
)
def test_quotes_that_spark_escapes_are_read_as_quotes(written, field, text):
    path = written(row(), row(Description=field), row(Description='"A, B"'))
    assert [texts[2] for texts in read(path)] == ["OCHRE MUG", text, "A, B"]


def test_a_backslash_before_a_closing_quote_is_a_text_of_its_own(written):
    assert [texts[2] for texts in read(written(row(Description='"LETTER \\"')))] == ["LETTER \\"]


def test_two_backslashes_among_escaped_quotes_are_refused(written):
    path = written(row(Description=r'"A \\ \"B\" C"'))
    assert 'option("escape"' in refusal(path)


def test_a_quote_behind_a_backslash_outside_of_quotes_is_refused(written):
    path = written(row(Description=r"RECORD FRAME 7\" SINGLE"))
    assert "line 2 has Description" in refusal(path)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_are_recognised(tmp_path, separator):
    path = tmp_path / "export.csv"
    path.write_text(f"{separator.join(DATA_SET_KEYS)}\n{separator.join(row())}\n")
    assert read(path) == [tuple(row())]


def test_a_quote_that_is_closed_on_another_line_is_named_where_it_opens(written):
    path = written(row(Description='"OPEN'), row(Country='"United Kingdom"'))
    assert refusal(path).startswith("FILE, line 2: text behind a closing quote")


def test_a_missing_file(tmp_path):
    assert (
        refusal(tmp_path / "none.csv")
        == "FILE: no such file; specify the shop's file, or create one with `ecom sample`"
    )


def test_a_folder(tmp_path):
    assert refusal(tmp_path) == "FILE is a folder: specify the file in it"


def test_a_file_in_place_of_a_folder(written):
    assert refusal(written(row()) / "x.csv") == "FILE cannot be read: Not a directory"


def test_an_empty_file(tmp_path):
    for name, content in (("a.csv", b""), ("a.csv.gz", gzip.compress(b""))):
        (tmp_path / name).write_bytes(content)
        assert refusal(tmp_path / name) == "FILE is empty: get the data set again"


def test_a_binary_file(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\x89PNG\r\n\x00\x00")
    assert refusal(path) == "FILE is not text: specify a CSV file or a workbook"


@pytest.mark.parametrize("keep", [0.01, 0.5, 0.999])
def test_a_gzip_file_that_was_cut_short(tmp_path, made_up, keep):
    packed = gzip.compress(made_up.path.read_bytes())
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(packed[: int(len(packed) * keep)])
    assert re.fullmatch(r"FILE is a damaged gzip file \(.*\): get it again", refusal(path))


def test_a_gzip_file_with_flipped_bytes(tmp_path, made_up):
    packed = bytearray(gzip.compress(made_up.path.read_bytes()))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(packed)
    assert "damaged gzip file" in refusal(path)


def test_a_header_with_other_columns(written):
    header = [*DATA_SET_KEYS[:-2], "Client", "Region"]
    assert refusal(written(row(), header=header)) == (
        "FILE is not the data set, its header lacks CustomerID, Country and has the unknown "
        f"'Client', 'Region': expected {','.join(DATA_SET_KEYS)}, or say which is which"
        " with --map InvoiceNo=...,..."
    )


def test_a_header_that_repeats_a_column(written):
    assert "its header repeats Country" in refusal(
        written(row(), header=[*DATA_SET_KEYS, "Country"])
    )


def test_a_text_that_is_no_csv(tmp_path):
    path = tmp_path / "poem.txt"
    path.write_text("Roses are red\nviolets are blue\n")
    assert "has the unknown 'Roses are red'" in refusal(path)


@pytest.mark.parametrize("at", [0, 1, 20_001])
@pytest.mark.parametrize(("broken", "fields"), [(row()[:-1], 7), ([*row(), "more"], 9), (["x"], 1)])
def test_a_row_with_the_wrong_number_of_fields(written, at, broken, fields):
    rows = [row()] * (at + 2)
    rows[at] = broken
    said = refusal(written(*rows))
    assert said.startswith(f"FILE, line {at + 2}: {fields} fields, expected 8; fix that line")


def test_a_file_whose_every_row_has_a_field_too_many(written):
    assert "line 2: 9 fields" in refusal(written(*([[*row(), "more"]] * 3)))


def test_a_decimal_comma_does_not_shift_columns_into_one_without_a_name(written):
    shifted = row(UnitPrice="2,55")
    header = [*DATA_SET_KEYS, ""]
    assert read(written([*row(), ""], row(), header=header)) == [tuple(row())] * 2
    for rows in ([shifted], [[*shifted, ""]], [[*row(), ""], shifted]):
        assert "fields, expected 8; fix that line" in refusal(written(*rows, header=header))


def test_the_line_at_fault_is_counted_with_line_feeds_inside_quotes(written):
    path = written(row(Description='"TWO\nLINES"'), row()[:-1])
    assert "line 4: 7 fields" in refusal(path)


def test_an_empty_country_is_a_row_and_not_a_short_one(written):
    path = written(row(Country=""), row())
    assert [texts[-1] for texts in read(path)] == ["", "United Kingdom"]


def test_a_quote_that_is_never_closed(written):
    said = refusal(written(row(), row(Country='"United Kingdom')))
    assert said == "FILE, line 3: a quote is never closed; fix that line"


def test_a_file_is_read_in_chunks(monkeypatch, written):
    monkeypatch.setattr(delimited, "BLOCK_ROWS", 7)
    assert sum(1 for _ in read(written(*([row()] * 50)))) == 50
