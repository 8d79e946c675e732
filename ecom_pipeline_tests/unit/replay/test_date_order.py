"""Day or month first: rows and invoice numbers decide together, or the file is refused."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.understanding import understand
from ecom_pipeline.terminal.reading import show_understanding
from ecom_pipeline_tests.unit.replay.writing import DATES, KEYS, Form, Line, read

DECEMBER = [datetime(2010, 12, day) for day in range(1, 10)]  # noqa: DTZ001 - the shop's clock
JANUARY = [datetime(2011, 1, day) for day in range(1, 32)]  # noqa: DTZ001


def sales(days: Iterable[datetime], rows: int = 8, first: int = 536_000) -> list[Line]:
    """Return lines of some days, whose invoices are numbered in running order."""
    times = [day + timedelta(hours=8 + n % 8, minutes=26) for day in days for n in range(rows)]
    return [
        Line(str(first + n), "85123A", "LAMP", 6, time, Decimal("2.55"), "", "EIRE")
        for n, time in enumerate(times)
    ]


def texts(lines: Iterable[Line], dates: str) -> list[str]:
    return [",".join(Form(dates=dates).texts(line)) for line in lines]


def last(invoice: str, date: str) -> str:
    """Return a row with a date as it is written."""
    return f"{invoice},85123A,LAMP,6,{date},2.55,,EIRE"


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a file of these rows."""

    def write(*rows: str):
        path = tmp_path / "rows.csv"
        path.write_text("\n".join([",".join(KEYS), *rows]))
        return path

    return write


def said_of(path, choices: Choices) -> str:
    said: list[str] = []
    show_understanding(understand(path, choices), said.append)
    return "\n".join(said)


def months(day: int, count: int) -> list[datetime]:
    return [datetime(2010, month, day) for month in range(1, count + 1)]  # noqa: DTZ001


@pytest.mark.parametrize("typo", ["20/12/2010 10:14", "13/02/2010 10:14"])
def test_one_row_does_not_decide_against_days_that_go_on(written, typo):
    lines = sales(DECEMBER, rows=120)
    path = written(*texts(lines, "data set"), last("537080", typo))
    says = (
        f"line 1082 has .*'{typo}', which is day-first only, but from where line 2 has .*from day"
    )
    with pytest.raises(DatasetError, match=f"{says}.*--dates day-first or --dates month-first"):
        read(path)
    file = understand(path, Choices(dates="month-first"))
    assert (file.rows, file.bad.count) == (1081, 1)
    assert max(file.days) == datetime(2010, 12, 9).toordinal()  # noqa: DTZ001


def test_one_row_does_not_decide_against_time_that_runs_back(written):
    months = [day.replace(month=month) for month in (1, 2, 3, 4) for day in DECEMBER]
    path = written(*texts(sales(months), "US padded"), last("537080", "13/02/2010 10:14"))
    with pytest.raises(
        DatasetError, match=r"day-first only, but .* in 35 of 35 steps .*month-first"
    ):
        read(path)


def test_rows_decide_where_invoice_numbers_say_nothing(written):
    lines = [line._replace(invoice="7") for line in sales([*DECEMBER[::4], *JANUARY[12:]])]
    path = written(*texts(lines, "UK"))
    assert read(path) == lines


def test_days_of_two_orders_in_one_file_are_refused(written):
    one, other = sales(DECEMBER, rows=10), sales(JANUARY, rows=9, first=536_090)
    path = written(*texts(one, "data set"), *texts(other, "UK bare"))
    with pytest.raises(DatasetError, match=r"where line 2 has .*, month-first, from day to day"):
        read(path)


@pytest.mark.parametrize(("day", "count", "rows"), [(5, 12, 20), (5, 3, 5), (10, 6, 7), (1, 8, 5)])
def test_monthly_bills_of_any_day_are_not_taken_for_consecutive_days(written, day, count, rows):
    lines = sales(months(day, count), rows)
    path = written(*texts(lines, "UK"))
    with pytest.raises(DatasetError, match=r"\(month-first\) or .*\(day-first\).*choose with"):
        read(path)
    assert read(path, Choices(dates="day-first")) == lines


@pytest.mark.parametrize("dates", ["data set", "UK"])
def test_days_that_go_on_but_for_weekends_are_no_monthly_bills(written, dates):
    lines = sales(day for day in DECEMBER if day.weekday() != 5)
    assert read(written(*texts(lines, dates))) == lines
    lines = sales(day for day in DECEMBER if day.weekday() != 2)
    with pytest.raises(DatasetError, match="choose with"):
        read(written(*texts(lines, dates)))


def test_bills_of_two_days_of_each_month_are_read(written):
    lines = sales(sorted([*months(5, 10), *months(20, 10)]))
    assert read(written(*texts(lines, "UK"))) == lines


def test_days_of_which_those_up_to_twelve_were_taken_for_months_are_refused(written):
    days = [datetime(2010, 10, 1) + timedelta(n) for n in range(92)]  # noqa: DTZ001
    lines = sales(days)
    right = written(*texts(lines, "ISO"))
    assert read(right) == lines
    swapped = [
        line._replace(time=line.time.replace(month=line.time.day, day=line.time.month))
        if line.time.day <= 12
        else line
        for line in lines
    ]
    path = written(*texts(swapped, "ISO"))
    with pytest.raises(DatasetError, match=r"days and months swapped in 91 of 91.*year-first"):
        read(path)
    assert read(path, Choices(dates="year-first")) == swapped


def test_what_is_in_doubt_but_not_refused_is_told(written):
    bills = written(*texts(sales(months(12, 9)), "ISO"))
    assert "odd: from where line 2 has" in said_of(bills, Choices())
    back = written(*texts(sales([*JANUARY[20:], *DECEMBER]), "ISO")[::-1])
    assert "odd" not in said_of(back, Choices())
    days = [JANUARY[n] for n in (20, 13, 25, 14)]
    back = written(*texts(sales(days), "ISO"))
    assert "odd: invoice numbers run with time in 1 of 3 steps" in said_of(back, Choices())


@pytest.mark.parametrize(
    ("dates", "is_told"), [("ISO", True), ("US AM/PM", False), ("Excel", True)]
)
def test_a_file_without_an_afternoon_is_told(written, dates, is_told):
    lines = [
        line._replace(time=line.time.replace(hour=1 + line.time.hour % 12))
        for line in sales(JANUARY[12:])
    ]
    assert ("AM and PM" in said_of(written(*texts(lines, dates)), Choices())) == is_told
    lines[9] = lines[9]._replace(time=lines[9].time.replace(hour=13))
    assert "AM and PM" not in said_of(written(*texts(lines, dates)), Choices())


@pytest.mark.parametrize(
    "date", ["12/13/2008 8:26", "13/12/2099 8:26", "9999-12-31T23:59:00-05:00"]
)
def test_a_file_of_years_without_sales_is_refused_as_such(written, date):
    path = written(last("536365", date), last("536366", date))
    with pytest.raises(DatasetError, match=r"none of its 2 rows is an event.*from 2009-01-01 to"):
        read(path)


@pytest.mark.parametrize("typo", ["12/13/2001 8:26", "13/12/2099 8:26"])
def test_a_year_without_sales_does_not_decide(written, typo):
    path = written(*texts(sales(DECEMBER), "data set"), last("537080", typo))
    with pytest.raises(DatasetError, match=r"line 2 has .* or .*choose with"):
        read(path)
    assert understand(path, Choices(dates="month-first")).bad.count == 1


def test_an_instant_of_a_year_without_sales_is_a_bad_row(written):
    path = written(*texts(sales(DECEMBER), "ISO Z"), last("537080", "0001-01-01T00:00:00Z"))
    file = understand(path)
    assert (file.bad.count, file.dates.zone) == (1, None)
    assert understand(path, Choices(zone="convert")).bad.count == 1


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("2010-12-13 08:25:59.999000", "2010-12-13 08:26"),
        ("2010-12-13 08:26:00.000004", "2010-12-13 08:26"),
        ("13/12/2010 23:59:59.5", "2010-12-14 00:00"),
        ("40525.35138888", "2010-12-13 08:26"),
        ("1292228759999", "2010-12-13 08:26"),
    ],
)
def test_what_a_float_lost_of_a_minute_is_no_other_minute(written, date, time):
    path = written(last("536365", date), last("536366", date))
    assert {DATES["ISO"](line.time) for line in read(path)} == {time}
    assert "seconds are left out" not in said_of(path, Choices())


def test_other_seconds_are_left_out(written):
    path = written(last("536365", "2010-12-13 08:25:59"), last("536366", "2010-12-13 08:25:59.4"))
    assert {DATES["ISO"](line.time) for line in read(path)} == {"2010-12-13 08:25"}
    assert "seconds are left out" in said_of(path, Choices())


@pytest.mark.parametrize("date", ["20-Dec 10:14:00", "20 Dec 10.14"])
def test_a_day_without_a_year_is_refused(written, date):
    with pytest.raises(DatasetError, match="none of its 1 rows is an event"):
        read(written(last("536365", date)))


@pytest.mark.parametrize("date", ["20DEC10:10:14:00", "20-Dec-10 10:14", "20 Dec 10 10:14"])
def test_a_short_year_behind_a_month_is_read(written, date):
    [line] = read(written(last("536365", date)))
    assert DATES["ISO"](line.time) == "2010-12-20 10:14"
