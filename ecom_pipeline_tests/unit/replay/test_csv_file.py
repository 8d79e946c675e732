"""The errors of a file, and its rows unchanged."""

import gzip
import re

import pytest

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay import csv_file
from ecom_pipeline.replay.csv_file import DatasetError, inspect, rows_of
from ecom_pipeline_tests.unit.replay.conftest import row
from ecom_pipeline_tests.unit.replay.reading import reading_of


def refusal(path):
    with pytest.raises(DatasetError) as caught:
        list(rows_of(inspect(path)))
    said = str(caught.value)
    assert str(path) in said
    assert "\n" not in said
    return said.replace(str(path), "FILE")


def test_pandas_reads_the_very_rows_that_csv_reads(whole):
    reading = reading_of(whole)
    assert reading.exact
    assert reading.file.sha256 == reading.sha256
    assert reading.file.encoding == "iso-8859-1"


def test_columns_may_stand_in_another_order(written):
    path = written(row()[::-1], header=DATA_SET_KEYS[::-1])
    assert list(rows_of(inspect(path))) == [tuple(row())]


def test_blank_lines_and_a_missing_last_line_end_are_no_rows(tmp_path, written):
    path = written(row(), [""], row())
    path.write_bytes(path.read_bytes()[:-2])
    assert list(rows_of(inspect(path))) == [tuple(row())] * 2


@pytest.mark.parametrize("rows", [1, 19_999, 20_000, 20_001])
def test_no_row_is_lost_where_chunks_meet(written, rows):
    path = written(*([row()] * rows))
    assert sum(1 for _ in rows_of(inspect(path))) == rows


def test_a_pound_sign_late_in_a_file_decides_its_encoding(written):
    rows = [row()] * 20_000 + [row(Description="£5")]
    for encoding in ("iso-8859-1", "utf-8"):
        *_, last = rows_of(inspect(written(*rows, encoding=encoding)))
        assert last[2] == "£5"


def test_a_character_cut_in_two_at_the_end_is_not_utf8(tmp_path, written):
    path = written(row(Country="£"), encoding="utf-8")
    path.write_bytes(path.read_bytes()[:-2].removesuffix(b"\xa3"))
    assert inspect(path).encoding == "iso-8859-1"


def test_one_byte_of_another_encoding_is_named_and_changes_no_other_text(written, tmp_path):
    path = written(row(), row(Description="CAF@"), row(Description="Voucher £40"), encoding="utf-8")
    path.write_bytes(path.read_bytes().replace(b"@", b"\xe9"))
    assert refusal(path) == (
        "FILE, line 3: byte E9 ('é' in ISO-8859-1) is not UTF-8, but line 4 has UTF-8: save the"
        " file in one encoding"
    )


def test_windows_texts_are_read_as_cp1252(written):
    (only,) = rows_of(inspect(written(row(Description="A \u2013 B \u20ac5 £5"), encoding="cp1252")))
    assert only[2] == "A \u2013 B \u20ac5 £5"


def test_quotes_that_spark_escapes_are_refused_and_a_backslash_is_kept(written):
    kept = row(Description='"LETTER \\"')
    assert [texts[2] for texts in rows_of(inspect(written(kept)))] == ["LETTER \\"]
    said = refusal(written(row(), row(Description='"LETTER \\"D\\" BLING"')))
    assert said.startswith("FILE, line 3: a quote inside a text is written as a backslash")
    assert 'option("escape"' in said


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_named(tmp_path, separator, name):
    path = tmp_path / "export.csv"
    path.write_text(f"{separator.join(DATA_SET_KEYS)}\n{separator.join(row())}\n")
    assert refusal(path) == f"FILE is separated by {name}: save it separated by commas"


def test_a_quote_that_is_closed_on_another_line_is_named_where_it_opens(written):
    path = written(row(Description='"OPEN'), row(Country='"United Kingdom"'))
    assert refusal(path).startswith("FILE, line 2: 3 fields, expected 8")


def test_a_missing_file(tmp_path):
    assert (
        refusal(tmp_path / "none.csv")
        == "FILE: no such file; specify the data set's CSV, or create one with `ecom sample`"
    )


def test_a_folder(tmp_path):
    assert refusal(tmp_path) == "FILE is a folder: specify the CSV file in it"


def test_a_file_in_place_of_a_folder(written):
    assert refusal(written(row()) / "x.csv") == "FILE cannot be read: Not a directory"


def test_an_empty_file(tmp_path):
    for name, content in (("a.csv", b""), ("a.csv.gz", gzip.compress(b""))):
        (tmp_path / name).write_bytes(content)
        assert refusal(tmp_path / name) == "FILE is empty: get the data set again"


def test_a_zip_archive_or_workbook(tmp_path):
    path = tmp_path / "archive.zip"
    path.write_bytes(b"PK\x03\x04rest")
    assert refusal(path).startswith("FILE is a zip archive or a workbook: unpack it")


def test_a_binary_file(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\x89PNG\r\n\x00\x00")
    assert refusal(path) == "FILE is not text: specify a CSV file, plain or gzipped"


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
    header = [*DATA_SET_KEYS[:-2], "Customer ID", "Region"]
    assert refusal(written(row(), header=header)) == (
        "FILE is not the data set, its header lacks CustomerID, Country and has the unknown "
        f"'Customer ID', 'Region': expected {','.join(DATA_SET_KEYS)}"
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


def test_the_line_at_fault_is_counted_with_line_feeds_inside_quotes(written):
    path = written(row(Description='"TWO\nLINES"'), row()[:-1])
    assert "line 4: 7 fields" in refusal(path)


def test_an_empty_country_is_a_row_and_not_a_short_one(written):
    path = written(row(Country=""), row())
    assert [texts[-1] for texts in rows_of(inspect(path))] == ["", "United Kingdom"]


def test_a_quote_that_is_never_closed(written):
    said = refusal(written(row(), row(Country='"United Kingdom')))
    assert said == "FILE, near line 3: a quote is never closed; fix that line"


def test_a_file_is_read_in_chunks(monkeypatch, written):
    monkeypatch.setattr(csv_file, "CHUNK_ROWS", 7)
    assert sum(1 for _ in rows_of(inspect(written(*([row()] * 50))))) == 50
