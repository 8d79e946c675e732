"""Workbooks: sheets that overlap, other sheets, and cells that look like something else."""

import zipfile

import pytest
from openpyxl import Workbook

from ecom_pipeline.replay import summary
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.replay.dataset import events
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.understanding import understand
from ecom_pipeline_tests.unit.replay.writing import KEYS, cells, read, workbook


@pytest.fixture
def lines(made_up):
    return read(made_up.path, DATA_SET)[:60]


def test_rows_that_two_sheets_have_are_sent_once(lines, tmp_path):
    equal = [*lines, lines[-1]]
    sheets = {"Year 2009-2010": equal[:41], "Year 2010-2011": equal[30:]}
    path = workbook(tmp_path / "two.xlsx", sheets, header="second data set")
    assert read(path) == equal
    numbers = [number for number, _ in events(path)]
    place = understand(path).table.place
    assert place(numbers[40]) == "sheet 'Year 2009-2010', row 42"
    assert place(numbers[41]) == "sheet 'Year 2010-2011', row 13"
    assert "11 rows that an earlier sheet has too" in "".join(summary.lines(understand(path)))


def test_a_sheet_without_the_columns_is_left_out_and_named(lines, tmp_path):
    path = workbook(tmp_path / "sales.xlsx", {"sales": lines})
    book = Workbook()
    book.create_sheet("notes").append(["notes"])
    book.save(tmp_path / "notes.xlsx")
    with pytest.raises(DatasetError, match="sheet 'notes', is not the data set"):
        understand(tmp_path / "notes.xlsx")
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as packed:
        packed.write(path, "sales.xlsx")
        packed.writestr("__MACOSX/._sales.xlsx", "")
    assert read(tmp_path / "packed.zip") == lines


def test_codes_are_texts_and_whole_numbers_have_no_decimals(lines, tmp_path):
    book = Workbook()
    sheet = book.create_sheet("sales")
    sheet.append(KEYS)
    for code in ("84029E10", "0022423", "22423 ", 22423, 22423.0):
        sheet.append([536365, code, 7, 6.0, lines[0].time, 2.55, 17850.0, "EIRE"])
    book.save(tmp_path / "codes.xlsx")
    found = read(tmp_path / "codes.xlsx")
    assert [line.code for line in found] == ["84029E10", "0022423", "22423 ", "22423", "22423"]
    assert {(line.invoice, line.description, line.customer) for line in found} == {
        ("536365", "7", "17850")
    }


@pytest.mark.parametrize(
    "error", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"]
)
def test_an_error_of_excel_is_a_bad_value_in_every_column(lines, tmp_path, error):
    rows = [cells(lines[0]) | ({key: error} if key else {}) for key in (None, *KEYS, None)]
    path = sheets_of(tmp_path / "errors.xlsx", [KEYS, *[list(row.values()) for row in rows]])
    bad = understand(path).bad
    assert bad.rows.tolist() == [False, *[True] * len(KEYS), False]
    assert error in str(bad)


def sheets_of(path, *sheets):
    book = Workbook(write_only=True)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"S{number}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("turned", [1, -1])
def test_a_sheet_that_continues_without_the_columns_names_is_refused(lines, tmp_path, turned):
    rows = [list(cells(line).values()) for line in lines]
    path = sheets_of(tmp_path / "two.xlsx", *[[KEYS, *rows[:8]], rows[8:10]][::turned])
    with pytest.raises(DatasetError, match=r"without the columns' names: put these .* or delete"):
        understand(path)


def test_a_sheet_that_lacks_one_column_is_refused(lines, tmp_path):
    rows = [list(cells(line).values()) for line in lines]
    shorter = [row[:-1] for row in [list(KEYS), *rows[8:]]]
    path = sheets_of(tmp_path / "two.xlsx", [KEYS, *rows[:8]], shorter)
    with pytest.raises(DatasetError, match=r"'S2', .* lacks Country.*; or delete the sheet"):
        understand(path)


def test_a_sheet_of_sums_is_left_out(lines, tmp_path):
    rows = [list(cells(line).values()) for line in lines]
    sums = [["Day", "Sold", *"abcdef"], *[[lines[0].time, n, 3, 4, 5, 6, 7, 8] for n in range(9)]]
    path = sheets_of(tmp_path / "two.xlsx", [KEYS, *rows], sums)
    assert read(path) == lines
