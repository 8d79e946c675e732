"""restate: an invoice number corrected in a file is told, then left, restated or added."""

from dataclasses import replace

import pytest

from ecom_pipeline.realtime.item_shape import is_header, is_retracted
from ecom_pipeline.restate import decide, moved
from ecom_pipeline.restate.compare import FieldChange
from ecom_pipeline.restate.rows import Selection
from ecom_pipeline_tests.emulated.killing import killed_at
from ecom_pipeline_tests.emulated.restating import Files, Sales, rows_of, sale

pytestmark = pytest.mark.usefixtures("functions")


@pytest.fixture
def files(redshift):
    return Files(replace(redshift, in_flight_seconds=-60))


def two(day, invoice):
    return Sales(sale(day, invoice), sale(day, invoice, StockCode="22423"))


def standing(files, number):
    """Return the products of an invoice's lines that stand; None for one without a header."""
    items = files.items(number)
    lines = [item for item in items if not is_header(item) and not is_retracted(item)]
    assert any(map(is_header, items)) == bool(lines), "a header, and lines"
    return sorted(line["stock_code"]["S"] for line in lines)


BOTH = ["22423", "85123A"]


@pytest.mark.parametrize(
    ("decision", "old", "new"),
    [("leave", BOTH, []), ("restate", [], BOTH), ("add", BOTH, BOTH)],
)
def test_a_corrected_number_is_told_and_each_decision_ends_in_equal_stores(
    files, day, invoice, decision, old, new
):
    corrected = f"C{invoice}"
    files.replay(two(day, invoice))
    files.load(day)
    told = files.replay(two(day, corrected))
    assert told.shown == [
        FieldChange(1, corrected, "85123A", "InvoiceNo", invoice, corrected),
        FieldChange(2, corrected, "22423", "InvoiceNo", invoice, corrected),
    ]
    assert (told.lines, told.moved) == (2, 2)
    assert standing(files, corrected) == [], "nothing is sent without a decision"
    files.replay(two(day, corrected), decision)
    files.load(day)
    assert files.equal(day)
    assert (standing(files, invoice), standing(files, corrected)) == (old, new)
    _, again = files.compare(two(day, corrected))
    assert again.moved == (2 if decision == "leave" else 0)


def test_a_line_moved_to_an_invoice_of_the_file_is_taken_back_beside_another_change(
    files, day, invoice
):
    """A change of the invoice that it left does not take it for its own."""
    other = f"C{invoice}"
    kept = sale(day, other, StockCode="T")
    files.replay(Sales(sale(day, invoice), sale(day, invoice, StockCode="22423"), kept))
    files.load(day)
    new = Sales(sale(day, invoice, Quantity=7), kept, sale(day, other, StockCode="22423"))
    told = files.replay(new)
    assert told.shown == [
        FieldChange(3, other, "22423", "InvoiceNo", invoice, other),
        FieldChange(1, invoice, "85123A", "Quantity", "6", "7"),
    ] or told.shown == [
        FieldChange(1, invoice, "85123A", "Quantity", "6", "7"),
        FieldChange(3, other, "22423", "InvoiceNo", invoice, other),
    ]
    files.replay(new, "leave")
    assert (standing(files, invoice), standing(files, other)) == (BOTH, ["T"])
    files.replay(new, "restate")
    files.load(day)
    assert files.equal(day)
    assert (standing(files, invoice), standing(files, other)) == (["85123A"], ["22423", "T"])


def test_killed_at_any_write_the_same_command_again_moves_the_lines_there_and_back(files, days):
    write, ended = 0, True
    while ended:
        write += 1
        (day,) = days(1)
        number, corrected = f"{750000 + write}", f"C{750000 + write}"
        old, new = two(day, number), two(day, corrected)
        files.replay(old)
        files.replay(new, "restate")
        assert (standing(files, number), standing(files, corrected)) == ([], BOTH)

        def back(old=old):
            files.replay(old, "restate")

        ended = killed_at(write, back, files.lake.s3, files.dynamodb)
        back()
        assert (standing(files, number), standing(files, corrected)) == (BOTH, []), write
        _, found = files.compare(old)
        assert found.changed == []
        if not ended:
            files.load(day)
            assert files.equal(day)
    assert write > 6, "records, two headers, two lines taken back and two reinstated"


def test_a_file_with_both_numbers_brings_back_what_was_taken_back(files, day, invoice):
    old, new = two(day, invoice), two(day, f"C{invoice}")
    files.replay(old)
    files.replay(new, "restate")
    both = Sales()
    both.events = [*old.events, *new.events]
    assert files.replay(both).lines == 2
    files.replay(both, "restate")
    files.load(day)
    assert files.equal(day)
    assert (standing(files, invoice), standing(files, f"C{invoice}")) == (BOTH, BOTH)


def test_an_old_number_again_can_be_added_beside_the_one_that_took_its_place(files, day, invoice):
    old, new = two(day, invoice), two(day, f"C{invoice}")
    files.replay(old)
    files.replay(new, "restate")
    assert files.replay(old).moved == 2
    files.replay(old, "add")
    files.load(day)
    assert files.equal(day)
    assert (standing(files, invoice), standing(files, f"C{invoice}")) == (BOTH, BOTH)


def test_equal_sales_of_two_invoices_are_no_change_while_the_file_has_both(files, days, invoice):
    first, second = days(2)
    other, till = f"C{invoice}", sale(first, f"A{invoice}", event_id="till-1", StockCode="T")
    files.replay(two(first, invoice))
    files.deliver(till)
    longer = Sales(*_rows(first, invoice, other), sale(first, other, StockCode="T"))
    found = files.replay(longer)
    assert (found.changed, standing(files, other)) == ([], ["22423", "85123A", "T"])
    selection = Selection(rows_of(two(second, invoice)))
    assert moved.listing(files.lake, selection, moved.Known(set(), {})) == {}, "a new day"
    files.load(first)
    assert files.equal(first)


def _rows(day, *invoices):
    return [sale(day, each, StockCode=code) for each in invoices for code in ("85123A", "22423")]


def test_the_other_decisions_are_refused_once_a_restatement_was_begun(files, day, invoice):
    files.replay(two(day, invoice))
    new = two(day, f"C{invoice}")
    assert killed_at(2, lambda: files.replay(new, "restate"), files.lake.s3, files.dynamodb)
    for decision in ("leave", "add"):
        with pytest.raises(decide.RestateError, match=f"invoice {invoice} was begun"):
            files.replay(new, decision)
    files.replay(new, "restate")
    files.load(day)
    assert files.equal(day)
