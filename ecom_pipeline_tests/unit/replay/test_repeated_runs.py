"""A part of a sheet that is in it twice is taken once; equal rows of one invoice are all taken."""

import gzip
from itertools import islice

from ecom_pipeline.replay.understanding import understand
from ecom_pipeline_tests.unit.replay.conftest import row
from ecom_pipeline_tests.unit.replay.reading import events

FIRST_ROWS = 1_000


def invoices(numbers, lines=5) -> list[list[str]]:
    """Return invoices of some lines each, of which the last two are equal."""
    return [
        row(
            InvoiceNo=str(700_000 + number),
            StockCode=str(min(line, lines - 2)),
            InvoiceDate=f"12/13/2010 8:{number:02}",
        )
        for number in numbers
        for line in range(lines)
    ]


def ids(path) -> list[object]:
    return [event["event_id"] for _, event in events(path)]


def test_two_exports_in_one_file_are_read_like_one_without_the_overlap(written):
    alone = ids(written(*invoices(range(40)), name="alone.csv"))
    path = written(*invoices(range(20)), *invoices(range(10, 40)))
    assert ids(path) == alone
    assert understand(path).notes == [
        "left out: line 102 to line 151, which repeat line 52 to line 101: taken once"
    ]


def test_a_part_may_be_in_a_file_three_times(written):
    path = written(*invoices(range(10)) * 3)
    assert ids(path) == ids(written(*invoices(range(10)), name="alone.csv"))


def test_a_long_part_is_taken_once_also_where_it_cuts_an_invoice(written):
    rows = invoices(range(30))
    assert len(ids(written(*rows[:131], *rows[7:]))) == len(rows)
    assert len(ids(written(*rows[:63], *rows[7:]))) == 63 + len(rows[7:])


def test_rows_that_are_equal_inside_an_invoice_are_sales_of_their_own(written):
    lines = invoices([1], lines=150)
    assert len(ids(written(*lines, *lines))) == 300
    assert len(ids(written(*[row()] * 400))) == 400
    few = invoices(range(3))
    assert len(ids(written(*few, *few))) == 30


def test_a_data_set_has_no_part_twice_and_its_first_rows_before_it_change_nothing(whole, tmp_path):
    alone = events(whole).file
    assert alone.notes == []
    path = tmp_path / "both.csv"
    with gzip.open(whole) if whole.suffix == ".gz" else whole.open("rb") as lines:
        first = list(islice(lines, 1 + FIRST_ROWS))
        path.write_bytes(b"".join([*first, *first[1:], *lines]))
    both = events(path).file
    assert both.rows == alone.rows == alone.table.rows
    assert both.notes == [
        "left out: line 1002 to line 2001, which repeat line 2 to line 1001: taken once"
    ]
