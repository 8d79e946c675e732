"""Generated data: the same bytes for a seed, the real file's format, and all of its anomalies."""

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
from ecom_pipeline.local.sample.dirt import REAL_COUNTS, REAL_ROWS, Line, classes_of
from ecom_pipeline.local.sample.shop import money
from ecom_pipeline.local.sample.writer import Sample, write_sample
from ecom_pipeline.replay.content import look
from ecom_pipeline.replay.text_scan import scan
from ecom_pipeline_tests.unit.replay.conftest import DATA, MADE_UP_A_DAY, REAL_FILE, row
from ecom_pipeline_tests.unit.replay.reading import read, reading_of

LABELLED = DATA / "dirty_sample.csv"
OF_SEVERAL_LINES = {"dup", "twodates", "case_twin_upper"}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, list[Line]]:
    """What is written by default, as lines, beside what was said of them."""
    sample = write_sample(tmp_path_factory.mktemp("large") / "large.csv")
    return sample, [Line(*texts) for texts in read(sample.path)]


def test_the_default_is_a_fortnight_of_about_twenty_thousand_rows(large):
    sample, _ = large
    assert sample.days == 12
    assert 19_000 < sample.rows < 22_000
    assert sample.size == sample.path.stat().st_size


def test_the_same_seed_gives_the_same_bytes_in_any_process(tmp_path):
    """Hashes of texts, and so the order of sets, differ from process to process."""
    code = """
from pathlib import Path
from ecom_pipeline.local.sample.writer import write_sample
for name in ("sample.csv", "sample.csv.gz"):
    write_sample(Path(name), days=2, seed=5)
"""
    salt = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    given = os.environ | {"PYTHONHASHSEED": salt, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=given, check=True)
    for name in ("sample.csv", "sample.csv.gz"):
        here = write_sample(tmp_path / "here" / name, days=2, seed=5).path
        assert here.read_bytes() == (tmp_path / name).read_bytes()


def test_another_seed_gives_other_rows(tmp_path, made_up):
    other = write_sample(tmp_path / "b.csv", days=4, rows_per_day=MADE_UP_A_DAY, seed=2)
    assert other.path.read_bytes() != made_up.path.read_bytes()


def test_compression_does_not_change_the_content(tmp_path, made_up):
    packed = write_sample(tmp_path / "sample.csv.gz", days=4, rows_per_day=MADE_UP_A_DAY)
    assert gzip.decompress(packed.path.read_bytes()) == made_up.path.read_bytes()


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
    assert scan(look(sample.path)).encoding == "iso-8859-1"
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
    assert len(days) == sample.days == 12
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
def test_two_thousand_rows_show_every_class(tmp_path, seed):
    days, rows_per_day = [(2, 1_200), (23, 110)][seed % 2]
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


OF_THE_SHOP = Line(*row())
# a line of each class, as changes to OF_THE_SHOP
ODD = {
    "C": {"invoice_no": "C700001", "quantity": "-6"},
    "A": {"invoice_no": "A700001", "customer_id": ""},
    "negq_notC": {"quantity": "-6"},
    "p0": {"unit_price": "0"},
    "pneg": {"unit_price": "-2.55"},
    "p0.001": {"unit_price": "0.001"},
    "nocust": {"customer_id": ""},
    "nodesc": {"description": ""},
    "lowercode": {"stock_code": "41001b"},
    "POST": {"stock_code": "POST"},
    "DOT": {"stock_code": "DOT"},
    "M": {"stock_code": "M"},
    "D": {"stock_code": "D"},
    "S": {"stock_code": "S"},
    "BANK": {"stock_code": "BANK CHARGES"},
    "AMAZON": {"stock_code": "AMAZONFEE"},
    "CRUK": {"stock_code": "CRUK"},
    "C2": {"stock_code": "C2"},
    "gift": {"stock_code": "gift_0001_20"},
    "DCG": {"stock_code": "DCGSSBOY"},
    "PADS": {"stock_code": "PADS"},
    "m": {"stock_code": "m"},
    "quote": {"description": '7" MUG'},
    "comma": {"description": "MUG, OCHRE"},
    "lead": {"description": " OCHRE MUG"},
    "trail": {"description": "OCHRE MUG "},
    "double_blank": {"description": "OCHRE  MUG"},
    "qmark": {"description": "LOST?"},
    "nonascii": {"description": "£5 MUG"},
    "junk": {"description": "wet carton", "unit_price": "0", "customer_id": ""},
    "numdesc": {"description": "41001"},
    "bigq": {"quantity": "50000"},
    "foreign": {"country": "EIRE"},
}
ALONG = {"A": {"nocust"}, "junk": {"p0", "nocust"}}  # other classes of such a line


def test_there_is_a_line_of_each_class_that_a_line_shows():
    assert ODD.keys() == REAL_COUNTS.keys() - {"dup", "same_code", "twodates"}


@pytest.mark.parametrize("name", ODD)
def test_a_class_is_shown_by_what_makes_it_and_by_nothing_else(name):
    assert classes_of(OF_THE_SHOP) == []
    assert set(classes_of(OF_THE_SHOP._replace(**ODD[name]))) == {name} | ALONG.get(name, set())


def test_a_product_given_away_is_no_note():
    given = OF_THE_SHOP._replace(unit_price="0", customer_id="")
    assert classes_of(given) == ["p0", "nocust"]


def test_the_classes_are_those_of_the_labelled_rows():
    rows = [(name, OF_THE_SHOP._replace(**changes)) for name, changes in ODD.items()]
    if LABELLED.exists():
        with LABELLED.open(newline="", encoding="utf-8") as real:
            rows = [(label, Line(*texts)) for label, _, *texts in list(csv.reader(real))[1:]]
    for label, line in rows:
        assert label in OF_SEVERAL_LINES or label in classes_of(line)


# without the real file: its last numbers, and its values nearest to the generated names
NEAREST: dict[str, set[str]] = {
    "InvoiceNo": {"536365", "581587", "C581569", "A563187"},
    "StockCode": {"51008", "51014A", "51014L", "51014c", "51020A", "51020B"},
    "Description": {
        "GINGHAM OVEN GLOVE RED HEART ",
        "WOVEN FROST CUSHION COVER",
        "WOVEN ROSE GARDEN CUSHION COVER ",
        "BLUE FELT EASTER EGG BASKET",
    },
    "CustomerID": {"12346", "18287", ""},
}


def test_no_made_up_product_customer_or_invoice_is_a_real_one(large):
    real = NEAREST
    if REAL_FILE.exists():
        real = reading_of(REAL_FILE).values
    _, lines = large
    goods = [
        line for line in lines if re.match(r"5\d{4}", line.stock_code) and line.unit_price != "0"
    ]
    assert len(goods) > 18_000
    for name, nearest in NEAREST.items():
        ours = {line[DATA_SET_KEYS.index(name)] for line in goods}
        assert ours & real[name] <= {""}
        assert nearest <= real[name]


def test_made_up_numbers_lie_beyond_the_real_ones(large):
    """The real file's: invoices to 581587, customers to 18287, of products from 51008 to 51020B."""
    _, lines = large
    assert min(int(line.invoice_no.lstrip("CA")) for line in lines) > 581_587
    assert min(int(line.customer_id) for line in lines if line.customer_id) > 18_287
    products = [line.stock_code for line in lines if re.match(r"5\d{4}", line.stock_code)]
    assert min(products) > "52"
