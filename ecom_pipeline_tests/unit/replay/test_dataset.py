"""The data set as events: values, ids, selections, orders."""

import gzip
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.event import parse
from ecom_pipeline.domain.tombstone import Tombstones, customer_digest
from ecom_pipeline.replay.dataset import _number
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.identity import NAMESPACE
from ecom_pipeline.replay.identity import uuid5 as quick_uuid5
from ecom_pipeline_tests.unit.replay.conftest import row
from ecom_pipeline_tests.unit.replay.reading import events

TOMORROW = date(2040, 1, 1)


def only(path, **selection):
    ((_, event),) = events(path, **selection)
    return event


def test_a_row_becomes_the_wire_form_with_an_id(written):
    event = only(written(row()))
    assert UUID(str(event.pop("event_id"))).version == 5
    assert event == {
        "InvoiceNo": "700001",
        "StockCode": "41001",
        "Description": "OCHRE MUG",
        "Quantity": 6,
        "InvoiceDate": "12/1/2010 8:26",
        "UnitPrice": Decimal("2.55"),
        "CustomerID": "21001",
        "Country": "United Kingdom",
    }


def test_a_missing_customer_or_description_is_null_and_other_missing_texts_stay(written):
    event = only(written(row(CustomerID="", Description="", Country="", Quantity="")))
    assert event["CustomerID"] is None
    assert event["Description"] is None
    assert event["Country"] == ""
    assert event["Quantity"] == ""


@pytest.mark.parametrize(
    "text", ["six", "NaN", "Infinity", "7.42E+04", "6 7", "٣", "9" * 30, "1.2.3"]
)
def test_what_is_no_plain_number_is_sent_as_it_stands(written, text):
    event = only(written(row(Quantity=f'"{text}"'), encoding="utf-8"))
    assert event["Quantity"] == text


@pytest.mark.parametrize("text", ["NA", "null", "nan", "None", "#N/A"])
def test_words_that_pandas_takes_for_missing_stay_words(written, text):
    assert only(written(row(Description=text)))["Description"] == text


@pytest.mark.parametrize(
    "text", [" BLANKS AROUND ", "TWO  BLANKS", "COMMA, INSIDE", '7" SQUARE', "£40.00", "LINE\nFEED"]
)
@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-8", "utf-8-sig"])
def test_texts_arrive_as_they_are_in_either_encoding(written, text, encoding):
    quoted = '"' + text.replace('"', '""') + '"'
    assert only(written(row(Description=quoted), encoding=encoding))["Description"] == text


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9
    )
)
def test_a_price_keeps_its_exact_value(price):
    assert _number(str(price)) == price


@given(st.text(max_size=12))
def test_a_text_is_a_number_only_if_its_value_is_that_text(text):
    number = _number(text)
    assert number == text or str(number).lstrip("-0") == text.lstrip("-0")


def test_equal_rows_have_ids_of_their_own(written):
    first, second = (event for _, event in events(written(row(), row())))
    assert first.pop("event_id") != second.pop("event_id")
    assert first == second


def test_rows_have_their_lines_and_ids_that_are_unique_and_stable(data_set):
    once = [(number, event["event_id"]) for number, event in events(data_set, limit=2_000)]
    again = [(number, event["event_id"]) for number, event in events(data_set, limit=2_000)]
    assert once == again
    assert [number for number, _ in once] == list(range(2, 2_002))
    assert len({event_id for _, event_id in once}) == 2_000


def test_an_id_never_changes_between_versions_of_this_program(written):
    assert only(written(row()))["event_id"] == "a03b9e1c-81f4-57ac-b2c5-150bff63a7e5"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_id_is_a_uuid_of_version_5(name):
    assert quick_uuid5(name) == str(uuid5(NAMESPACE, name))


def test_ids_do_not_depend_on_compression(made_up, tmp_path):
    packed = tmp_path / "again.csv.gz"
    packed.write_bytes(gzip.compress(made_up.path.read_bytes()))
    assert list(events(packed)) == list(events(made_up.path))


def test_ids_do_depend_on_the_data_set(written):
    one = only(written(row(), name="one.csv"))
    other = only(written(row(Quantity="7"), name="other.csv"))
    assert one["event_id"] != other["event_id"]


def test_a_days_rows_are_the_same_events_as_without_the_filter(data_set):
    day = date(2010, 12, 2)
    chosen = list(events(data_set, days=DayRange(day, day)))
    first, last = chosen[0][0], chosen[-1][0]
    assert chosen == list(islice(events(data_set), first - 2, last - 1))
    assert {str(event["InvoiceDate"]).split()[0] for _, event in chosen} == {"12/2/2010"}


def test_days_include_both_ends_and_the_limit_comes_after_them(written):
    path = written(*(row(InvoiceDate=f"12/{day}/2010 8:00") for day in (1, 2, 3, 3, 5)))
    days = date(2010, 12, 2), date(2010, 12, 3)
    assert [number for number, _ in events(path, days=DayRange(*days))] == [3, 4, 5]
    assert [number for number, _ in events(path, days=DayRange(*days), limit=2)] == [3, 4]


def test_a_row_without_a_readable_date_belongs_to_no_day_and_is_counted(written):
    path = written(row(), row(InvoiceDate="yesterday"), row(InvoiceDate="2/30/2011 9:00"), row())
    everything, of_a_day = events(path), events(path, days=DayRange(date(2010, 12, 1), TOMORROW))
    assert [number for number, _ in everything] == [2, 3, 4, 5]
    assert [number for number, _ in of_a_day] == [2, 5]
    assert (everything.undated, of_a_day.undated) == (0, 2)


def test_a_row_with_a_broken_time_still_belongs_to_its_day(written):
    path = written(row(InvoiceDate="12/1/2010 25:99"))
    found = only(path, days=(date(2010, 12, 1), date(2010, 12, 1)))
    assert found["InvoiceDate"] == "12/1/2010 25:99"


def test_counting_agrees_with_reading(made_up):
    chosen = events(made_up.path, days=DayRange(date(2010, 12, 1), date(2010, 12, 3)))
    assert chosen.count() == sum(1 for _ in chosen)


def test_shuffling_changes_the_order_alone_and_a_seed_repeats_it(data_set):
    in_order = events(data_set, limit=1_500)
    mixed = list(in_order.shuffled(7))
    assert mixed != list(in_order)
    assert mixed == list(events(data_set, limit=1_500, seed=7))
    assert mixed != list(in_order.shuffled(8))
    assert sorted(mixed, key=lambda numbered: numbered[0]) == list(in_order)


def test_the_name_tells_selections_and_orders_apart(made_up):
    day = date(2010, 12, 1)
    whole = events(made_up.path)
    others = [
        events(made_up.path, days=DayRange(day, day)),
        events(made_up.path, days=DayRange(day, day + timedelta(days=1))),
        events(made_up.path, limit=5),
        whole.shuffled(1),
        whole.shuffled(2),
    ]
    assert len({whole.name, *(other.name for other in others)}) == 6
    assert whole.name == events(made_up.path).name


def test_days_without_rows_are_an_error_that_names_them(written):
    days = date(2010, 12, 4), date(2010, 12, 4)
    chosen = events(written(row(), row(InvoiceDate="?")), days=DayRange(*days))
    with pytest.raises(DatasetError, match=r"no rows from 2010-12-04 to 2010-12-04 \(1 rows have"):
        list(chosen)
    with pytest.raises(DatasetError, match="choose other days"):
        chosen.count()


def test_every_made_up_row_is_a_valid_event(made_up):
    assert (
        sum(1 for _, event in events(made_up.path) if parse(event, received=TOMORROW))
        == made_up.rows
    )


def test_an_erased_customers_rows_are_sent_anonymous_or_not_at_all(written):
    path = written(row(CustomerID="21001.0"), row(CustomerID="21002"), row(CustomerID=""))
    digest = customer_digest(b"salt", "21001")
    sent = {
        mode: dict(events(path, tombstones=Tombstones(b"salt", {digest: mode}), seed=3))
        for mode in ("anonymise", "delete")
    }
    customers = {number: event["CustomerID"] for number, event in sent["anonymise"].items()}
    assert customers == {2: None, 3: "21002", 4: None}
    assert sorted(sent["delete"]) == [3, 4]
    assert sent["anonymise"][2]["event_id"] == dict(events(path))[2]["event_id"]


def test_another_erasure_is_another_replay_to_the_journal(written):
    path = written(row())
    graves = [
        Tombstones(b"salt", {customer_digest(b"salt", each): "delete"}) for each in ("1", "2")
    ]
    names = {events(path, tombstones=each).name for each in graves}
    assert len({*names, events(path).name}) == 3
