"""batch_keys: the batch in a raw object's key is the one that the key was made of."""

from datetime import date

from hypothesis import given
from hypothesis.strategies import integers

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.batch_keys import Span, span_of
from ecom_pipeline.domain.printable import printable

DAY = date(2010, 12, 1)
NUMBERS = integers(0, 10**56 - 1).map(str)


@given(NUMBERS, NUMBERS)
def test_the_batch_of_a_raw_and_of_a_quarantined_object_is_read_back(first, last):
    span = Span("shardId-000000000003", first, last)
    assert span_of(keys.raw_key(DAY, *span)) == span
    assert span_of(keys.quarantine_key(DAY, *span)) == span


def test_objects_that_are_of_no_batch_have_none():
    for key in (
        keys.retraction_key(DAY, 1),
        keys.conflict_key(DAY, "e-1", 7),
        keys.csv_prefix(DAY),
    ):
        assert span_of(key) is None


def test_no_control_character_reaches_a_terminal_and_other_text_stays():
    assert printable("\x1b[2J\x07caf\u00e9 \u202e") == r"\x1b[2J\x07café \u202e"
