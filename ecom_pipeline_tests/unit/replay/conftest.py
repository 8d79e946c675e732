"""Files to read: always generated ones, and the real one if it is beside the project."""

import csv
import gzip
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local.sample.writer import Sample, write_sample
from ecom_pipeline_tests.builders import REAL as DATA

REAL_FILE = DATA / "online_retail.csv.gz"
AT_HAND = ["made up", *(["real"] if REAL_FILE.exists() else [])]
MADE_UP_A_DAY = 800
FIRST_DAYS = DayRange(date(2010, 12, 1), date(2010, 12, 2))

_FIRST_ROWS = 5_500  # rows of the real file: FIRST_DAYS have 5,217

Figures = tuple[int, int, Decimal]


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A made-up data set of about 2,400 rows, on three days."""
    path = tmp_path_factory.mktemp("made-up") / "sample.csv"
    return write_sample(path, days=4, rows_per_day=MADE_UP_A_DAY)


@pytest.fixture(scope="session", params=AT_HAND)
def whole(request: pytest.FixtureRequest, made_up: Sample) -> Path:
    """The path of each data set at hand; the real one is read by reading.py, once."""
    return REAL_FILE if request.param == "real" else made_up.path


@pytest.fixture(scope="session")
def data_set(whole: Path, made_up: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of some thousand rows that a data set begins with, byte for byte."""
    if whole == made_up.path:
        return whole
    path = tmp_path_factory.mktemp("real") / "first_days.csv"
    with gzip.open(whole) as lines:
        path.write_bytes(b"".join(islice(lines, 1 + _FIRST_ROWS)))
    return path


@pytest.fixture(scope="session")
def golden(whole: Path) -> dict[date, Figures]:
    """Each day's rows, pieces and revenue: as published of the real file, else as csv reads it."""
    days: dict[date, Figures] = {}
    if whole == REAL_FILE:
        with (DATA / "rows_per_day.csv").open(newline="") as published:
            for row in csv.DictReader(published):
                figures = int(row["rows"]), int(row["units"]), Decimal(row["revenue"])
                days[date.fromisoformat(row["day"])] = figures
        return days
    with whole.open(newline="", encoding="iso-8859-1") as lines:
        for row in csv.DictReader(lines):
            day = datetime.strptime(row["InvoiceDate"], "%m/%d/%Y %H:%M").date()  # noqa: DTZ007
            rows, units, revenue = days.get(day, (0, 0, Decimal(0)))
            pieces = int(row["Quantity"])
            days[day] = rows + 1, units + pieces, revenue + pieces * Decimal(row["UnitPrice"])
    return days


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes rows, given as lists of texts, the way Excel does."""

    def write(*rows, header=DATA_SET_KEYS, encoding="iso-8859-1", name="rows.csv"):
        lines = [",".join(row) + "\r\n" for row in (header, *rows)]
        path = tmp_path / name
        path.write_bytes("".join(lines).encode(encoding))
        return path

    return write


def row(**changes: str) -> list[str]:
    """Return a valid row's texts, in the file's order."""
    texts = {
        "InvoiceNo": "700001",
        "StockCode": "41001",
        "Description": "OCHRE MUG",
        "Quantity": "6",
        "InvoiceDate": "12/1/2010 8:26",
        "UnitPrice": "2.55",
        "CustomerID": "21001",
        "Country": "United Kingdom",
    }
    return list((texts | changes).values())
