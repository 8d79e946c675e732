"""lake.flatten: every input line is a row, a redelivery, or in quarantine."""

import csv
import gzip
import io
import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.tombstone import Tombstones, customer_digest
from ecom_pipeline.lake.flatten import flatten
from ecom_pipeline_tests.builders import accepted, on

DAY = date(2010, 12, 1)


def lines(*data):
    return [(each, "raw/key", number) for number, each in enumerate(data, 1)]


def raw(**changes):
    return envelope.encode(accepted(on(DAY, **changes)))


def rows_of(flat):
    return list(csv.reader(io.StringIO(gzip.decompress(flat.csv).decode(), newline="")))


def test_a_day_becomes_rows_under_the_one_header():
    flat = flatten(lines(raw(event_id="a"), raw(event_id="b", Description='MUG, "BIG"')), DAY)
    header, one, two = rows_of(flat)
    assert tuple(header) == CSV_HEADER
    assert (one[0], two[0], two[3]) == ("a", "b", 'MUG, "BIG"')


def test_an_event_that_came_twice_is_one_row():
    flat = flatten(lines(raw(), raw(), raw()), DAY)
    assert (flat.totals.rows, flat.redelivered, flat.read) == (1, 2, 3)


def test_another_content_under_a_used_id_is_a_conflict_and_the_first_stands():
    flat = flatten(lines(raw(Quantity=6), raw(Quantity=7)), DAY)
    assert flat.totals.quantity == 6
    (((record, event)),) = flat.conflicts
    assert (record.event_id, event.quantity) == ("e-1", 7)


def test_a_line_that_cannot_be_used_is_set_aside_with_its_place_and_bytes():
    flat = flatten(lines(raw(), b"not json", envelope.encode(accepted(on(date(2010, 12, 2))))), DAY)
    broken, foreign = flat.rejected
    assert (broken.reason, broken.record) == ("unreadable", "raw/key line 2")
    assert (foreign.reason, foreign.field) == ("invalid", "InvoiceDate")
    assert envelope.original_bytes(broken) == b"not json"


def erased(mode):
    return Tombstones(b"salt", {customer_digest(b"salt", "17850"): mode})


def test_an_erased_customers_event_is_a_guests():
    data = raw(event_id="a"), raw(event_id="b", CustomerID="2"), raw(event_id="a", CustomerID=None)
    flat = flatten(lines(*data), DAY, erased("anonymise"))
    _, one, two = rows_of(flat)
    customer = CSV_HEADER.index("customer_id")
    assert (one[customer], two[customer]) == ("", "2")
    assert (flat.redelivered, flat.conflicts, flat.erased) == (1, (), 0)


def test_an_erased_customers_event_that_was_to_go_is_counted_and_set_aside_nowhere():
    data = raw(event_id="a"), raw(event_id="b", CustomerID="2"), raw(event_id="c", Quantity=0)
    flat = flatten(lines(*data), DAY, erased("delete"))
    assert (flat.read, flat.totals.rows, flat.erased, flat.rejected) == (3, 1, 2, ())


def test_what_is_set_aside_of_an_erased_customer_names_nobody():
    flat = flatten(lines(raw(Quantity=0)), DAY, erased("anonymise"))
    (aside,) = flat.rejected
    assert b"17850" not in envelope.encode(aside)


def test_an_empty_day_is_a_result():
    assert flatten([], DAY).totals.rows == 0


pieces = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 3)).map(
        lambda pair: raw(event_id=f"e-{pair[0]}", Quantity=pair[1])
    )
    | st.binary(max_size=20),
    max_size=25,
)


@settings(max_examples=settings().max_examples // 2)
@given(pieces)
def test_nothing_that_comes_in_is_lost(data):
    flat = flatten(lines(*data), DAY)
    account = flat.totals.rows + flat.redelivered + len(flat.rejected) + len(flat.conflicts)
    assert flat.read == len(data) == account
    assert len(rows_of(flat)) == 1 + flat.totals.rows


@settings(max_examples=settings().max_examples // 2)
@given(st.lists(st.integers(0, 30), max_size=30), st.integers())
def test_the_order_of_delivery_changes_no_sum(ids, seed):
    data = [raw(event_id=f"e-{n}", Quantity=n + 1) for n in ids]
    mixed = random.Random(seed).sample(data, len(data))
    assert flatten(lines(*data), DAY).totals == flatten(lines(*mixed), DAY).totals


@pytest.mark.parametrize("number", ["1e99999999999999999999", "[" * 5000 + "]" * 5000])
def test_a_line_that_would_break_a_parser_is_set_aside_and_its_neighbours_are_rows(number):
    broken = raw(event_id="x").replace(b'"Quantity": 6', b'"Quantity": ' + number.encode())
    flat = flatten(lines(raw(event_id="a"), broken, raw(event_id="b")), DAY)
    assert (flat.totals.rows, len(flat.rejected), flat.read) == (2, 1, 3)


def test_a_retracted_line_is_counted_however_often_it_came_and_gives_no_row():
    """Another content under its id would else take its place."""
    data = raw(event_id="a"), raw(event_id="b"), raw(event_id="a"), raw(event_id="a", Quantity=9)
    flat = flatten(lines(*data), DAY, retracted={"a"})
    assert (flat.read, flat.totals.rows, flat.retracted) == (4, 1, 3)
    assert (flat.redelivered, flat.conflicts, list(flat.digests)) == (0, (), ["b"])
