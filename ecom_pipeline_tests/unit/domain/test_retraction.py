"""domain.retraction: the latest record of an event is in force, and only changes are written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.domain import envelope, retraction
from ecom_pipeline.domain.envelope import UnreadableError
from ecom_pipeline.domain.retraction import Retraction

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def record(event_id, stands):
    return Retraction(
        event_id=event_id, invoice_no="1", stands=stands, cause="restatement", by="b", at=NOW
    )


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans())))
def test_what_is_wanted_is_in_force_and_nothing_is_written_that_is_so_already(wishes):
    latest = {}
    for event_id, stands in wishes:
        was_standing = event_id not in retraction.retracted_in(latest)
        changes = retraction.changing(latest, [record(event_id, stands)])
        assert bool(changes) == (stands != was_standing)
        latest |= {each.event_id: each for each in changes}
        assert (event_id in retraction.retracted_in(latest)) != stands


def test_a_retraction_is_read_back_and_is_no_event():
    line = retraction.encode(record("a", stands=False))
    assert retraction.decode("key", line) == record("a", stands=False)
    with pytest.raises(UnreadableError):
        envelope.decode(line)
    with pytest.raises(UnreadableError, match=r"raw/key.*restore"):
        retraction.decode("raw/key", b'{"status": "accepted"}')
