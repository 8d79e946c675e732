"""restate: a row corrected in a file is told, then left or restated, the same in every store."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ecom_pipeline.domain import keys
from ecom_pipeline.erasure.erase import DataSubject, Stores, erase
from ecom_pipeline.lake import retractions
from ecom_pipeline.realtime import query_customer, store, table
from ecom_pipeline.realtime.page_token import Listing
from ecom_pipeline.realtime.query_customer import Page
from ecom_pipeline.reconcile import connect as proof
from ecom_pipeline.reconcile.repair import repair
from ecom_pipeline.restate import decide
from ecom_pipeline.restate.compare import FieldChange
from ecom_pipeline.restate.decide import Operator, RestateError
from ecom_pipeline.table import retract
from ecom_pipeline.table.retract import LineKey
from ecom_pipeline.warehouse import load, plan, sweep
from ecom_pipeline_tests.builders import stream_of
from ecom_pipeline_tests.emulated.killing import killed_at
from ecom_pipeline_tests.emulated.restating import NOW, Files, Sales, sale

pytestmark = pytest.mark.usefixtures("functions")

PRICES = {"leave": "2.5500", "restate": "2.9500"}


@pytest.fixture
def files(redshift):
    return Files(replace(redshift, in_flight_seconds=-60))


def three(day, invoice, **changes):
    """Return an invoice of three lines, two of them equal; `changes` are of the first."""
    other = sale(day, invoice, StockCode="22423", UnitPrice=12.75)
    return Sales(sale(day, invoice) | changes, other, other)


OTHERS = [("22423", 6, "12.7500")] * 2


def test_a_corrected_price_is_told_line_by_line_and_nothing_is_written(files, day, invoice):
    files.replay(three(day, invoice))
    before = files.objects(day), files.items(invoice)
    found = files.replay(three(day, invoice, UnitPrice=2.95))
    assert found.shown == [
        FieldChange(1, invoice, "85123A", "UnitPrice", "2.5500", "2.9500"),
    ]
    assert (found.lines, [each.number for each in found.changed]) == (1, [invoice])
    assert (files.objects(day), files.items(invoice)) == before


@pytest.mark.parametrize("decision", ["leave", "restate"])
def test_either_decision_ends_in_equal_stores(files, day, invoice, decision):
    files.replay(three(day, invoice))
    files.load(day)
    files.replay(three(day, invoice, UnitPrice=2.95), decision)
    planned = plan.make(files.warehouse, files.lake, [day]).days
    (made,), entries = [list(each.values()) for each in files.load(day)]
    assert files.equal(day)
    assert files.lines(invoice) == [*OTHERS, ("85123A", 6, PRICES[decision])]
    if decision == "leave":
        assert (entries, planned, made.retracted) == ([], {}, 0)
        return
    (entry,) = entries
    assert (entry.cause, entry.change.added, entry.change.removed) == ("restatement", 1, 1)
    assert planned[day].cause == "restatement"
    assert entry.amount_delta == Decimal("2.40")
    assert (made.read, made.totals.rows, made.redelivered, made.retracted) == (6, 3, 2, 1)
    (record,) = retractions.latest_in(files.lake, files.lake.raw.objects_of(day)).values()
    assert (record.invoice_no, record.cause, record.by) == (invoice, "restatement", "someone")
    assert record.replaced_by == three(day, invoice, UnitPrice=2.95).events[0]["event_id"]


def test_a_retraction_alone_makes_its_day_due(files, day, invoice):
    files.replay(three(day, invoice))
    files.load(day)
    assert sweep.behind_on(files.lake, files.warehouse, [day]) == {}
    _, found = files.compare(three(day, invoice, UnitPrice=2.95))
    assert found.changed
    kill_in_restate(files, three(day, invoice, UnitPrice=2.95), write=2)
    assert list(sweep.behind_on(files.lake, files.warehouse, [day])) == [day]


def kill_in_restate(files, sales, write):
    assert killed_at(write, lambda: files.replay(sales, "restate"), files.lake.s3, files.dynamodb)


def test_killed_at_any_write_the_same_command_again_ends_the_same(files, days):
    """Two of the lines are changed, one of them to another day and customer."""
    write, ended = 0, True
    while ended:
        write += 1
        first, second = days(2)
        number = f"{730000 + write}"
        kept = sale(first, number, StockCode="84406B")
        old = Sales(sale(first, number), sale(first, number, StockCode="22423"), kept)
        new = Sales(sale(first, number, Quantity=7), sale(second, number, StockCode="22423"), kept)
        files.replay(old)
        files.load(first)

        def corrected(new=new, days=(first, second)):
            files.replay(new, "restate")
            files.load(*days)

        ended = killed_at(write, corrected, files.lake.s3, files.dynamodb)
        corrected()
        assert files.equal(first, second), write
        sold = [("22423", 6, "2.5500"), ("84406B", 6, "2.5500"), ("85123A", 7, "2.5500")]
        assert files.lines(number) == sold
        _, found = files.compare(new)
        assert found.changed == []
    assert write > 6, "records of a day, two lines, parts and manifests of two days"


def test_killed_between_the_stream_and_a_store_it_ends_the_same(files, day, invoice):
    files.replay(three(day, invoice))
    new = three(day, invoice, UnitPrice=2.95)
    table, found = files.compare(new)
    decide.restate(files.lake, table, found.changed, Operator("someone", NOW))  # killed after it
    assert files.lines(invoice) == OTHERS
    assert files.replay(new).changed == [], "what is left is new rows: they need no decision"
    files.load(day)
    assert files.equal(day)
    assert files.lines(invoice) == [*OTHERS, ("85123A", 6, "2.9500")]


def test_a_restatement_that_was_begun_can_only_be_completed(files, day, invoice):
    files.replay(three(day, invoice))
    new = three(day, invoice, UnitPrice=2.95)
    kill_in_restate(files, new, write=2)  # the lake knows it, the table does not
    with pytest.raises(RestateError, match=f"invoice {invoice} was begun"):
        files.replay(new, "leave")
    files.replay(new, "restate")
    files.load(day)
    assert files.equal(day)


def test_the_old_file_again_is_a_change_back_that_is_told_and_can_be_restated(files, day, invoice):
    old, new = three(day, invoice), three(day, invoice, UnitPrice=2.95)
    files.replay(old)
    files.replay(new, "restate")
    files.load(day)
    told = files.replay(old)
    assert told.shown == [FieldChange(1, invoice, "85123A", "UnitPrice", "2.9500", "2.5500")]
    files.replay(old, "leave")
    assert files.lines(invoice) == [*OTHERS, ("85123A", 6, "2.9500")]
    files.replay(old, "restate")
    files.load(day)
    assert files.equal(day)
    assert files.lines(invoice) == [*OTHERS, ("85123A", 6, "2.5500")]
    files.replay(new, "restate")
    _, entries = files.load(day)
    assert files.equal(day)
    assert files.lines(invoice) == [*OTHERS, ("85123A", 6, "2.9500")]
    assert entries[day].cause == "restatement"
    assert len([key for key in files.objects(day) if keys.is_retraction(key)]) == 3


def test_killed_while_it_changes_back_the_same_command_again_completes_it(files, days):
    for write in range(1, 7):  # the record, the header, each line taken back and reinstated
        (day,) = days(1)
        number = f"{740000 + write}"
        old, new = (
            Sales(*[sale(day, number, StockCode=code, CustomerID=who) for code in ("A", "B")])
            for who in ("17850", "13047")
        )
        files.replay(old)
        files.replay(new, "restate")
        kill_in_restate(files, old, write)
        files.replay(old, "restate")
        files.load(day)
        assert files.equal(day), write
        assert files.header(number)["customer"] == keys.customer_key("17850")
        assert files.lines(number) == [("A", 6, "2.5500"), ("B", 6, "2.5500")]


def test_a_corrected_date_moves_the_line_to_its_new_day(files, days, invoice):
    first, second = days(2)
    files.replay(Sales(sale(first, invoice)))
    files.load(first)
    moved = Sales(sale(second, invoice))
    (told,) = files.replay(moved).shown
    assert (told.field, told.old[:10]) == ("InvoiceDate", str(first))
    files.replay(moved, "restate")
    _, entries = files.load(first, second)
    assert files.equal(first, second)
    assert [entries[day].cause for day in (first, second)] == ["restatement", "first"]
    assert [entries[day].totals.rows for day in (first, second)] == [0, 1]
    assert files.header(invoice)["invoice_date"] == str(second)


def test_a_corrected_customer_sees_the_invoice_and_the_one_before_does_not(files, day, invoice):
    files.replay(Sales(sale(day, invoice), sale(day, invoice, StockCode="22423")))
    both = {"CustomerID": "13047"}
    new = Sales(sale(day, invoice, **both), sale(day, invoice, StockCode="22423", **both))
    files.replay(new, "restate")
    files.load(day)
    assert files.equal(day)
    assert {n: invoices_of(n) for n in ("17850", "13047")} == {"17850": [], "13047": [invoice]}


def invoices_of(customer):
    page = Page(listing=Listing("/me/invoices", customer), limit=9, after=None)
    return [each["invoice_no"] for each in query_customer.invoices(page)["invoices"]]


def test_a_redelivery_of_a_retracted_line_changes_nothing(files, day, invoice):
    """Not even where the table has lost the header, which is not that line's any more."""
    old = Sales(sale(day, invoice))
    files.replay(old)
    files.replay(Sales(sale(day, invoice, CustomerID="13047")), "restate")
    before = files.items(invoice)
    files.deliver(*old.events)
    assert files.items(invoice) == before
    key = {"pk": {"S": keys.invoice_pk(invoice)}, "sk": {"S": keys.HEADER_SK}}
    files.dynamodb.delete_item(TableName=files.settings.table, Key=key)
    table._headers_seen.clear()
    files.deliver(*old.events)
    assert keys.HEADER_SK not in {item["sk"]["S"] for item in files.items(invoice)}
    batch = stream_of(*old.events, *files.delivered[1], first=10**6)
    assert store.handler(batch) == {"batchItemFailures": []}
    assert files.header(invoice)["customer"] == keys.customer_key("13047")
    made, _ = files.load(day)
    assert (made[day].read, made[day].totals.rows, made[day].retracted) == (4, 1, 3)
    assert files.equal(day)


def test_a_shorter_and_a_longer_file_are_no_change(files, day, invoice):
    lines = [sale(day, invoice, StockCode=f"S{n}") for n in range(5)]
    for count in (3, 2, 5, 1):
        found = files.replay(Sales(*lines[:count]))
        assert (found.changed, found.stored_elsewhere) == ([], set())
    assert len(files.lines(invoice)) == 5
    files.load(day)
    assert files.equal(day)


def test_a_part_of_a_file_is_compared_by_its_whole_invoices(files, day, invoice):
    files.replay(three(day, invoice))
    new = three(day, invoice, UnitPrice=2.95)
    part = Sales()
    part.events = new.events[1:]
    _, unchanged = files.compare(part, new)
    assert unchanged.changed == [], "no selected row is new"
    part.events = new.events[:1]
    _, found = files.compare(part, new)
    assert [len(each.taken) for each in found.changed] == [1]
    assert not found.changed[0].is_partial
    other = three(day, invoice, UnitPrice=2.95, Quantity=9)
    other.events[1]["Quantity"] = 8
    other.events[1]["event_id"] = Sales(other.events[1]).events[0]["event_id"]
    part.events = other.events[:1]
    _, found = files.compare(part, other)
    assert found.changed[0].is_partial


def test_another_producers_lines_are_not_changed_by_a_file(files, day, invoice):
    till = [sale(day, invoice, event_id=f"till-{n}", StockCode=f"T{n}") for n in range(2)]
    files.deliver(*till)
    found = files.replay(Sales(sale(day, invoice)))
    assert (found.known, found.changed) == (1, [])
    assert len(files.lines(invoice)) == 3


def test_a_sale_stored_under_another_id_is_said_and_not_doubled(files, day, invoice):
    """Sent twice by the till, three times in the file: one of them is new."""
    twice = [sale(day, invoice, event_id=f"till-{n}") for n in range(2)]
    files.deliver(*twice)
    found = files.replay(Sales(*[sale(day, invoice)] * 3))
    assert (len(found.stored_elsewhere), found.changed) == (2, [])
    assert len(files.lines(invoice)) == 3
    files.load(day)
    assert files.equal(day)


def test_a_retracted_line_in_a_store_is_a_difference_and_is_repaired(files, day, invoice):
    old = three(day, invoice)
    files.replay(old)
    files.replay(three(day, invoice, UnitPrice=2.95), "restate")
    files.load(day)
    line = LineKey(invoice, old.events[0]["event_id"])
    retract.reinstate(files.dynamodb, files.settings.table, line)
    found = files.compared(day)
    assert [(each.store, each.kind, each.event_id) for each in found.wrong] == [
        ("DynamoDB", "extra", line.event_id)
    ]
    repair(proof.writable(files.settings), found.wrong)
    assert files.equal(day)


def test_a_published_retracted_line_is_a_difference_until_its_day_is_loaded(files, day, invoice):
    old = three(day, invoice)
    files.replay(old)
    files.load(day)
    files.replay(three(day, invoice, UnitPrice=2.95), "restate")
    wrong = {(each.store, each.kind) for each in files.compared(day).wrong}
    assert wrong == {(s, k) for s in ("CSV", "fact") for k in ("extra", "missing")}
    repair(proof.writable(files.settings), files.compared(day).wrong)
    assert files.equal(day)
    with files.warehouse.session() as session:
        rows = session.rows(f"select unit_price from {load.FACT} where stock_code = '85123A'")
    assert [str(price) for (price,) in rows] == ["2.9500"]


def test_a_reinstated_line_that_the_table_lacks_is_missing_and_repaired(files, day, invoice):
    old, new = three(day, invoice), three(day, invoice, UnitPrice=2.95)
    files.replay(old)
    files.replay(new, "restate")
    files.replay(old, "restate")
    files.load(day)
    line = LineKey(invoice, old.events[0]["event_id"])
    retract.retract(files.dynamodb, files.settings.table, line, "restatement")
    found = files.compared(day)
    assert [(each.store, each.kind) for each in found.wrong] == [("DynamoDB", "missing")]
    repair(proof.writable(files.settings), found.wrong)
    assert files.equal(day)
    assert files.lines(invoice) == [*OTHERS, ("85123A", 6, "2.5500")]


@pytest.mark.parametrize(("mode", "lines"), [("anonymise", 5), ("delete", 0)])
def test_an_erasure_takes_the_customer_out_of_retracted_lines_too(files, day, invoice, mode, lines):
    files.replay(three(day, invoice))
    files.replay(three(day, invoice, UnitPrice=2.95), "restate")
    files.load(day)
    stores = Stores(files.lake, files.dynamodb, files.settings.table, files.warehouse)
    report = erase(stores, DataSubject("17850", mode), NOW)
    assert report.after.is_clean
    items = files.items(invoice)
    assert "17850" not in str(items)
    assert len(items) == lines
    files.load(day)
    assert files.equal(day)
