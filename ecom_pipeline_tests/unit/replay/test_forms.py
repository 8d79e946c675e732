"""Rows written in any form are read as these rows, or the file is refused: never as others."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline_tests.unit.replay.writing import (
    DATES,
    HEADERS,
    KEYS,
    NUMBERS,
    Form,
    Line,
    json_lines,
    parquet,
    read,
    workbook,
)

FIRST = datetime(2010, 1, 1)  # noqa: DTZ001 - the shop's clock
LAST = datetime(2012, 12, 31)  # noqa: DTZ001

TEXTS = st.text(st.sampled_from("AB £é7\"',;|\\ "), min_size=1, max_size=8)
ODD_PRICE = Decimal("1.234")  # or 1234, by the decimal mark
CODES = st.sampled_from(["85123A", "84029E10", "0022423", "22423 ", "NA", "15056bl", "POST"])
LINES = st.builds(
    Line,
    invoice=st.builds("{}{}".format, st.sampled_from(["", "C"]), st.integers(536_365, 581_587)),
    code=CODES,
    description=TEXTS | st.sampled_from(["", "NA?", "1.234", "12/1/2010 8:26"]),
    quantity=st.integers(1, 80_995) | st.just(1_234),
    time=st.datetimes(FIRST, LAST).map(lambda at: at.replace(second=0, microsecond=0)),
    price=st.decimals(0, 40_000, places=4)
    | st.decimals(0, 99, places=2)
    | st.just(Decimal("1.234")),
    customer=st.integers(12_346, 18_287).map(str) | st.just(""),
    country=st.sampled_from(["United Kingdom", "EIRE", "NA"]),
).map(lambda line: line._replace(quantity=-line.quantity) if line.invoice[0] == "C" else line)
FORMS = st.builds(
    Form,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "iso-8859-1"]),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    quotes=st.sampled_from(["as needed", "all", "Spark"]),
    end=st.sampled_from(["\r\n", "\n", "\r"]),
    numbers=st.sampled_from(list(NUMBERS)),
    dates=st.sampled_from(list(DATES)),
    header=st.sampled_from(list(HEADERS)),
    missing=st.sampled_from(["", "NULL", "nan", "\\N"]),
    customers=st.sampled_from(["{}", "{}.0"]),
    order=st.permutations(range(8)).map(tuple),
    index=st.booleans(),
    packed=st.booleans(),
)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def is_utf8_too(lines, form):
    """Return whether the bytes of a form's texts are others in UTF-8: é££ of cp1252 is 飣."""
    if form.encoding not in {"cp1252", "iso-8859-1"}:
        return False
    texts = "\n".join(text for line in lines for text in form.texts(line))
    try:
        return texts.encode(form.encoding).decode() != texts
    except UnicodeError:
        return False


@settings(max_examples=150)
@given(st.lists(LINES, min_size=1, max_size=12), FORMS)
def test_rows_of_any_form_are_read_as_they_are_or_not_at_all(lines, form):
    if form.missing and all(line.customer for line in lines):
        return  # then nothing in the file tells that the word is no description
    if is_utf8_too(lines, form):
        return  # nothing in the file tells either
    with folder() as path:
        try:
            content = form.write(path / "rows.csv", lines)
        except UnicodeEncodeError:
            return
        try:
            found = read(content)
        except DatasetError:
            return
        assert found == lines


@settings(max_examples=60)
@given(st.lists(LINES, min_size=1, max_size=12), st.sampled_from(["json", "workbook", "parquet"]))
def test_rows_of_a_typed_form_are_read_as_they_are(lines, kind):
    with folder() as path:
        writers = {"json": json_lines, "parquet": parquet}
        if kind == "workbook":
            content = workbook(path / "rows", {"sales": lines})
        else:
            content = writers[kind](path / "rows", lines)
        assert read(content, Choices(midnight=True)) == lines


FEW = [
    Line("536365", "85123A", "LAMP", 6, datetime(2010, 12, day, 8, 26), Decimal("2.55"), "", "EIRE")  # noqa: DTZ001
    for day in (1, 2)
]


@pytest.mark.parametrize(
    ("form", "says", "choices"),
    [
        (Form(dates="UK"), "--dates day-first", Choices(dates="day-first")),
        (Form(dates="data set"), "--dates month-first", Choices(dates="month-first")),
        (Form(dates="US short"), "--dates year-first", Choices(dates="month-first")),
    ],
)
def test_what_can_be_meant_in_two_ways_is_refused_and_read_as_chosen(tmp_path, form, says, choices):
    path = form.write(tmp_path / "rows.csv", FEW)
    with pytest.raises(DatasetError, match=rf"line 2 has InvoiceDate .* or .*{says}"):
        read(path)
    assert read(path, choices) == FEW


def test_a_number_of_three_decimals_alone_is_refused_and_read_as_chosen(tmp_path):
    lines = [line._replace(price=Decimal("1.234")) for line in FEW]
    path = Form(dates="ISO").write(tmp_path / "rows.csv", lines)
    with pytest.raises(DatasetError, match=r"1\.234 with a decimal point, 1234 with"):
        read(path)
    assert read(path, Choices(decimal="point")) == lines
    wanted = [line._replace(price=Decimal(1234)) for line in FEW]
    assert read(path, Choices(decimal="comma")) == wanted


def test_an_instant_is_refused_where_summer_time_matters_and_read_as_chosen(tmp_path):
    summer = [FEW[0], FEW[1]._replace(time=datetime(2011, 7, 1, 8, 26))]  # noqa: DTZ001
    for form in (Form(dates="ISO Z"), Form(dates="epoch ms")):
        path = form.write(tmp_path / "rows.csv", summer)
        with pytest.raises(DatasetError, match=r"line 3 has .*08:26 on .*or 09:26"):
            read(path)
        assert read(path, Choices(zone="keep")) == summer
        hours = [line.time.hour for line in read(path, Choices(zone="convert"))]
        assert hours == [8, 9]
        assert read(form.write(path, FEW)) == FEW


def test_days_without_a_time_are_refused_and_read_as_chosen(tmp_path):
    days = [line._replace(time=line.time.replace(hour=0, minute=0)) for line in FEW]
    numbers = Form(dates="Excel").write(tmp_path / "numbers.csv", days)
    numbers.write_text(numbers.read_text().replace(".0,", ","))
    for path in (
        numbers,
        Form(dates="date only").write(tmp_path / "days.csv", FEW),
        Form(dates="ISO seconds").write(tmp_path / "times.csv", days),
        workbook(tmp_path / "cells.xlsx", {"sales": days}),
    ):
        with pytest.raises(DatasetError, match="a day without a time or at 0:00, as in all rows"):
            read(path)
        assert read(path, Choices(midnight=True)) == days


def test_a_day_at_midnight_among_times_is_a_time(tmp_path):
    lines = [FEW[0], FEW[1]._replace(time=FEW[1].time.replace(hour=0, minute=0))]
    assert read(workbook(tmp_path / "cells.xlsx", {"sales": lines})) == lines


@pytest.mark.parametrize("dates", ["data set", "UK", "US dashes short"])
def test_days_of_which_none_is_above_twelve_are_told_by_invoice_numbers(tmp_path, dates):
    lines = [
        FEW[0]._replace(
            invoice=str(500_000 + 1_000 * month + 10 * day + n),
            time=FEW[0].time.replace(month=month, day=day),
        )
        for month in (1, 2, 3)
        for day in range(1, 9)
        for n in range(8)
    ]
    assert read(Form(dates=dates).write(tmp_path / "rows.csv", lines)) == lines


def test_dates_of_two_forms_are_refused(tmp_path):
    form, other = Form(dates="ISO"), Form(dates="UK")
    late = FEW[0]._replace(time=FEW[0].time.replace(day=13))
    texts = [other.texts(late), form.texts(FEW[1])]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(map(",".join, [KEYS, *texts])))
    with pytest.raises(DatasetError, match="dates of two forms"):
        read(path)
