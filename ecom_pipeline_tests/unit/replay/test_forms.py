"""Rows written in any form are read as these rows, or the file is refused: never as others."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.replay.account import invoice_lines
from ecom_pipeline.replay.choices import AS_IT_IS, Choices
from ecom_pipeline.replay.dataset import Events
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.understanding import understand
from ecom_pipeline_tests.unit.replay.writing import (
    DATES,
    HEADERS,
    NUMBERS,
    Form,
    Line,
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


def read(path: Path, choices: Choices = AS_IT_IS) -> list[Line]:
    file = understand(path, choices)
    file.require_sendable(allow_rejects=False)
    return [
        Line(
            line.invoice_no,
            line.stock_code,
            line.description or "",
            line.quantity,
            line.invoice_time,
            line.unit_price,
            line.customer_id or "",
            line.country,
        )
        for _, line in invoice_lines(Events(file))
    ]


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=12), FORMS)
def test_rows_of_any_form_are_read_as_they_are_or_not_at_all(lines, form):
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
