"""Made-up data: the same bytes for a seed, the real file's spelling, and all of its dirt."""

import csv
import gzip
import io
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay.csv_file import inspect, rows_of
from ecom_pipeline.replay.dirt import REAL_COUNTS, REAL_ROWS, Line, classes_of
from ecom_pipeline.replay.sample import write_sample
from ecom_pipeline.replay.sample_shop import money
from ecom_pipeline_tests.unit.replay.conftest import DATA, REAL_FILE

LABELLED = DATA / "dirty_sample.csv"
OF_SEVERAL_LINES = {"dup", "twodates", "case_twin_upper"}


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """About 50,000 rows, as lines, beside what was said of them."""
    sample = write_sample(tmp_path_factory.mktemp("large") / "large.csv", days=35)
    return sample, [Line(*texts) for texts in rows_of(inspect(sample.path))]


def test_the_default_is_a_fortnight_of_about_twenty_thousand_rows(tmp_path):
    sample = write_sample(tmp_path / "sample.csv")
    assert sample.days == 12
    assert 19_000 < sample.rows < 22_000
    assert sample.size == sample.path.stat().st_size


@pytest.mark.parametrize("name", ["sample.csv", "sample.csv.gz"])
def test_the_same_seed_gives_the_same_bytes_in_any_process(tmp_path, name):
    code = f"""
from pathlib import Path
from ecom_pipeline.replay.sample import write_sample
write_sample(Path("{name}"), days=2, seed=5)
"""
    written = []
    for salt in ("1", "2"):
        (tmp_path / salt).mkdir()
        environment = {
            **os.environ,
            "PYTHONHASHSEED": salt,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path / salt, env=environment, check=True
        )
        written.append((tmp_path / salt / name).read_bytes())
    assert written[0] == written[1]


def test_another_seed_gives_other_rows(tmp_path, made_up):
    assert (
        write_sample(tmp_path / "b.csv", days=4, seed=2).path.read_bytes()
        != made_up.path.read_bytes()
    )


def test_compression_does_not_change_the_content(tmp_path, made_up):
    packed = write_sample(tmp_path / "sample.csv.gz", days=4).path.read_bytes()
    assert gzip.decompress(packed) == made_up.path.read_bytes()


def test_a_file_under_the_name_is_a_whole_one(tmp_path, made_up):
    path = tmp_path / "new" / "sample.csv"
    with pytest.raises(OverflowError):  # the calendar ends in the middle of the file
        write_sample(path, start=date(9999, 12, 30))
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("amiss", [{"days": 0}, {"rows_per_day": 0}])
def test_a_sample_of_nothing_is_refused(tmp_path, amiss):
    with pytest.raises(ValueError, match="at least"):
        write_sample(tmp_path / "sample.csv", **amiss)


def test_it_is_spelled_like_the_real_file(large):
    sample, lines = large
    content = sample.path.read_bytes()
    assert inspect(sample.path).encoding == "iso-8859-1"
    assert b"\xa3" in content
    assert content.count(b"\n") == content.count(b"\r\n") == len(lines) + 1
    assert content == _as_excel_would(lines)
    for line in lines:
        assert re.fullmatch(r"[CA]?\d{6}", line.invoice_no)
        assert re.fullmatch(r"-?[1-9]\d*", line.quantity)
        assert re.fullmatch(r"-?(0|[1-9]\d*)(\.\d{0,2}[1-9])?", line.unit_price)
        assert re.fullmatch(r"1?\d/[123]?\d/2\d{3} 1?\d:\d\d", line.invoice_date)
        assert re.fullmatch(r"\d{5}|", line.customer_id)
        assert len(line.description) <= 35


def _as_excel_would(lines):
    text = io.StringIO(newline="")
    csv.writer(text, dialect="excel").writerows([DATA_SET_KEYS, *lines])
    return text.getvalue().encode("iso-8859-1")


def test_invoices_are_contiguous_and_grow_in_number_and_time(large):
    _, lines = large
    invoices = [list(group) for _, group in groupby(lines, lambda line: line.invoice_no)]
    numbers = [int(invoice[0].invoice_no.lstrip("CA")) for invoice in invoices]
    assert numbers == sorted(set(numbers))
    moments = [_moment(line.invoice_date) for line in lines]
    assert moments == sorted(moments)
    assert all(len({line.customer_id for line in invoice}) == 1 for invoice in invoices)
    assert 8 <= sorted(map(len, invoices))[len(invoices) // 2] <= 14


def _moment(text):
    month, day, year, hour, minute = map(int, re.split(r"[/ :]", text))
    return year, month, day, hour, minute


def test_the_shop_is_closed_on_saturdays_and_open_on_all_other_days(large):
    sample, lines = large
    days = {date(*_moment(line.invoice_date)[:3]) for line in lines}
    assert len(days) == sample.days == 30
    assert 5 not in {day.weekday() for day in days}


def test_a_long_invoice_may_span_two_minutes_and_no_invoice_more(large):
    _, lines = large
    minutes = defaultdict(set)
    for line in lines:
        minutes[line.invoice_no].add(_moment(line.invoice_date))
    spans = [sorted(times) for times in minutes.values() if len(times) > 1]
    assert spans
    assert all(last[3] * 60 + last[4] - first[3] * 60 - first[4] == 1 for first, last in spans)


def test_some_codes_differ_by_case_alone_and_have_other_prices(large):
    _, lines = large
    prices = defaultdict(set)
    for line in lines:
        if re.match(r"\d{5}[A-Za-z]", line.stock_code) and line.unit_price != "0":
            prices[line.stock_code].add(line.unit_price)
    twins = [code for code in prices if code.lower() == code and code.upper() in prices]
    assert len(twins) > 10
    assert all(prices[code] - prices[code.upper()] for code in twins)


def test_what_it_says_of_its_dirt_is_so(large):
    sample, lines = large
    counted = Counter(name for line in lines for name in classes_of(line))
    counted["dup"] = len(lines) - len(set(lines))
    counted["same_code"] = len(lines) - len({(line.invoice_no, line.stock_code) for line in lines})
    spanning = Counter(no for no, _ in {(line.invoice_no, line.invoice_date) for line in lines})
    counted["twodates"] = sum(spanning[line.invoice_no] > 1 for line in lines)
    assert sample.dirt == counted
    assert sample.rows == len(lines)


@pytest.mark.parametrize("name", REAL_COUNTS)
def test_a_class_is_about_as_frequent_as_in_the_real_file(large, name):
    sample, _ = large
    expected = REAL_COUNTS[name] * sample.rows / REAL_ROWS
    slack = 150 if name == "twodates" else 3  # rows of one such invoice
    assert abs(sample.dirt[name] - expected) <= max(slack, 0.1 * expected)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("days", "rows_per_day"), [(2, 1_200), (23, 110)])
def test_two_thousand_rows_show_every_class(tmp_path, seed, days, rows_per_day):
    sample = write_sample(tmp_path / "small.csv", days=days, rows_per_day=rows_per_day, seed=seed)
    assert 1_900 < sample.rows < 2_700
    assert set(sample.dirt) >= set(REAL_COUNTS)


@pytest.mark.parametrize("rows_per_day", [1, 2, 7])
def test_tiny_days_are_possible(tmp_path, rows_per_day):
    sample = write_sample(tmp_path / "tiny.csv", days=3, rows_per_day=rows_per_day)
    assert 3 <= sample.rows <= 3 * rows_per_day + 9


@given(st.integers(-(10**8), 10**8))
def test_money_is_spelled_without_idle_zeros(pence):
    text = money(pence)
    assert round(float(text) * 100) == pence
    assert not re.search(r"\.\d*0$|\.$|^-0$", text)


@pytest.mark.parametrize("path", [LABELLED] if LABELLED.exists() else [])
def test_the_classes_are_those_of_the_labelled_real_rows(path):
    with path.open(newline="", encoding="utf-8") as labelled:
        rows = list(csv.reader(labelled))[1:]
    for label, _, *texts in rows:
        assert label in OF_SEVERAL_LINES or label in classes_of(Line(*texts))


@pytest.mark.parametrize("path", [REAL_FILE] if REAL_FILE.exists() else [])
def test_no_made_up_product_customer_or_invoice_is_a_real_one(path, large):
    real = {name: set() for name in ("invoice_no", "stock_code", "description", "customer_id")}
    for line in (Line(*texts) for texts in rows_of(inspect(path))):
        for name, values in real.items():
            values.add(getattr(line, name))
    _, lines = large
    goods = [
        line for line in lines if re.match(r"5\d{4}", line.stock_code) and line.unit_price != "0"
    ]
    assert len(goods) > 45_000
    for name, values in real.items():
        assert {getattr(line, name) for line in goods} & values <= {""}
