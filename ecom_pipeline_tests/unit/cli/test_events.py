"""ecom replay, ecom sample: an invalid data set or an unreachable API gives one sentence."""

from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecom_pipeline.client import events_api
from ecom_pipeline_tests.unit.cli.conftest import Ecom

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n"
NOBODY = {"ECOM_API_URL": "http://127.0.0.1:1", "ECOM_API_KEY": "k"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "CSV"),
        (b"a,b,c\r\n1,2,3\r\n", "InvoiceNo"),
        (HEADER.replace("Country", "Land").encode(), "Country"),
        (HEADER.encode(), "no rows"),
    ],
)
def test_a_file_that_is_no_data_set_is_one_sentence(
    ecom: Ecom, tmp_path: Path, content: bytes, says: str, socket_enabled: None
):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    sentence = ecom("replay", path, **NOBODY).refusal()
    assert says in sentence
    assert "data.csv" in sentence


def test_a_file_that_is_not_there_is_one_sentence(ecom: Ecom, socket_enabled: None):
    assert "nowhere.csv" in ecom("replay", "nowhere.csv", **NOBODY).refusal()


def test_an_api_that_does_not_answer_is_one_sentence(
    ecom: Ecom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, socket_enabled: None
):
    hurried = SimpleNamespace(monotonic=count(0, 10).__next__)  # each timeout passes at once
    monkeypatch.setattr(events_api, "time", hurried)
    path = tmp_path / "data.csv"
    path.write_text(HEADER + "1,2,3,4,12/21/2010 8:26,5,6,7\r\n")
    sentence = ecom("replay", path, **NOBODY).refusal()
    assert NOBODY["ECOM_API_URL"] in sentence
    assert "ecom local up" in sentence


def test_a_sample_is_the_same_for_the_same_seed(ecom: Ecom, tmp_path: Path):
    for name in ("a.csv.gz", "b.csv.gz"):
        done = ecom("sample", name, "--days", 1, "--rows-per-day", 50, "--seed", 3)
        assert done.code == 0
        assert done.out.startswith(f"{name}: ")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_a_dry_run_shows_what_a_file_means_and_needs_no_api(ecom: Ecom, tmp_path: Path):
    path = tmp_path / "data.csv"
    path.write_text(HEADER.replace(",", ";") + "C1;2;£;-4;31.12.2010 8:26;2,5;;EIRE\r\n")
    done = ecom("replay", path, "--dry-run")
    assert done.code == 0
    assert done.out.splitlines() == [
        f"{path}: separated by semicolons, UTF-8",
        "columns: the eight",
        "dates: '31.12.2010 8:26' is 31 December 2010 08:26, day-first (1 rows have no other"
        " reading); decimal comma",
        "1 rows to send, from 2010-12-31 to 2010-12-31, revenue -10.00",
        "odd: characters beside ASCII in descriptions: £",
    ]


def test_bad_rows_are_refused_with_their_lines_before_anything_is_sent(ecom: Ecom, tmp_path: Path):
    path = tmp_path / "data.csv"
    rows = "1,2,3,4,12/21/2010 8:26,5,6,7\r\n", "1,2,3,0,12/21/2010 8:26,5,6,7\r\n"
    path.write_text(HEADER + "".join(rows))
    done = ecom("replay", path, **NOBODY)
    assert "line 3 has '0'" in done.out
    assert "1 of 2 rows are no events; line 3: Quantity: expected" in done.refusal()
    assert "--allow-rejects" in done.err
    path.write_text(HEADER + rows[1])
    assert "none of its 1 rows" in ecom("replay", path, "--allow-rejects", **NOBODY).refusal()
