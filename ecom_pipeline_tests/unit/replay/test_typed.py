"""Parquet and JSON: texts as bytes, keys that come and go, and files cut short."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecom_pipeline.replay.choices import DATA_SET, Choices
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.understanding import understand
from ecom_pipeline_tests.unit.replay.writing import cells, json_lines, read


@pytest.fixture
def lines(made_up):
    return read(made_up.path, DATA_SET)[:40]


def objects(path, *rows):
    path.write_text("".join(f"{json.dumps(row, default=str)}\n" for row in rows))
    return path


@pytest.mark.parametrize("key", ["StockCode", "Description", "Country"])
def test_texts_that_parquet_has_as_bytes_are_texts(lines, tmp_path, key):
    table = pa.Table.from_pylist([cells(line) for line in lines])
    at = table.schema.get_field_index(key)
    pq.write_table(table.set_column(at, key, table[key].cast(pa.binary())), tmp_path / "rows")
    assert read(tmp_path / "rows") == lines


def test_bytes_in_parquet_that_are_not_utf8_are_refused(lines, tmp_path):
    countries = [b"CAF\xe9" if n == 7 else b"EIRE" for n in range(len(lines))]
    rows = [cells(line) | {"Country": of} for line, of in zip(lines, countries, strict=True)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows")
    with pytest.raises(DatasetError, match=r"row 8 has Country b'CAF.xe9', .* not UTF-8"):
        understand(tmp_path / "rows")


def test_null_values_may_be_left_out_of_any_object(lines, tmp_path):
    mixed = [lines[0]._replace(customer="", description=""), *lines]
    rows = [{k: v for k, v in cells(line).items() if v is not None} for line in mixed]
    assert {"CustomerID", "Description"}.isdisjoint(rows[0])
    assert read(objects(tmp_path / "rows", *rows)) == mixed


@pytest.mark.parametrize("before", [3, 1_500])
def test_a_key_that_is_spelled_otherwise_later_is_refused(lines, tmp_path, before):
    row = cells(lines[0]) | {"CustomerID": 17850}
    other = row | {"CustomerId": 17850}
    assert len(read(objects(tmp_path / "both", row, other))) == 2
    del other["CustomerID"]
    path = objects(tmp_path / "rows", *[row] * before, other)
    with pytest.raises(DatasetError, match=f"line {before + 1} has 'CustomerId' where other rows"):
        understand(path)


def test_a_mapped_key_that_is_spelled_otherwise_later_is_refused(lines, tmp_path):
    row = cells(lines[0])
    row["client"] = row.pop("CustomerID")
    other = dict(row)
    other["Client"] = other.pop("client")
    choices = Choices(columns={"CustomerID": "client"})
    assert len(read(objects(tmp_path / "one", row), choices)) == 1
    path = objects(tmp_path / "two", *[row] * 1_500, other)
    with pytest.raises(DatasetError, match="line 1501 has 'Client' where other rows have 'client'"):
        understand(path, choices)


def test_a_key_that_is_new_late_in_a_file_is_told(lines, tmp_path):
    row = cells(lines[0])
    path = objects(tmp_path / "rows", *[row] * 1_200, row | {"buyer": 7})
    assert "left out: buyer, first in line 1201" in understand(path).notes


@pytest.mark.parametrize("behind", ["", ",", "\n"])
def test_an_array_that_is_cut_behind_an_object_is_refused(lines, tmp_path, behind):
    path = json_lines(tmp_path / "lines", lines)
    array = f"[{','.join(path.read_text().splitlines())}"
    path.write_text(f"{array}]")
    assert read(path) == lines
    path.write_text(array + behind)
    with pytest.raises(DatasetError, match="the array has no end: get the file again"):
        understand(path)
