"""domain.keys: each key is built and parsed back in one place."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.domain import keys

days = st.dates(date(2009, 1, 1), date(2100, 1, 1))
digits = st.integers(0, 10**56 - 1).map(str)


@given(day=days, first=digits, last=digits)
def test_a_key_gives_its_day_back(day, first, last):
    for key in (
        keys.raw_key(day, "shardId-000000000000", first, last),
        keys.csv_part_key(day, "0a1b", 0),
        keys.manifest_key(day),
    ):
        assert keys.day_of(key) == day


@given(a=digits, b=digits)
def test_raw_keys_sort_as_the_stream_does(a, b):
    day = date(2010, 12, 1)
    one, two = keys.raw_key(day, "s", a, a), keys.raw_key(day, "s", b, b)
    assert (one < two) == (int(a) < int(b))


@settings(max_examples=settings().max_examples // 2)
@given(day=days, another=days, number=st.integers(1, 10**18 - 1).map(str))
def test_a_customers_invoices_lie_by_day_and_a_days_end_is_behind_all_of_its_own(
    day, another, number
):
    place = keys.customer_invoice_key(day, number)
    assert keys.invoice_of(place) == number
    for end in (day, another):
        assert (place < keys.after_invoices_of(end.isoformat())) == (day <= end)


def test_a_foreign_key_is_refused():
    with pytest.raises(keys.KeyFormatError, match=r"readme\.txt"):
        keys.day_of("readme.txt")
    with pytest.raises(keys.KeyFormatError):
        keys.event_id_of(keys.HEADER_SK)


def test_an_event_id_survives_its_sort_key():
    assert keys.event_id_of(keys.line_sk("a:b.c-1")) == "a:b.c-1"


def test_retractions_are_records_of_their_day_and_no_events():
    key = keys.retraction_key(date(2010, 12, 1), 3)
    assert (keys.retraction_number(key), keys.day_of(key)) == (3, date(2010, 12, 1))
    assert keys.is_record_object(key)
    assert not keys.is_retraction(keys.raw_key(date(2010, 12, 1), "shardId-0", "1", "2"))
