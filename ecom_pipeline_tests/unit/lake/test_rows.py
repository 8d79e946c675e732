"""lake.rows: reading with a cache gives the result of the domain's parser."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.digest import SEPARATOR
from ecom_pipeline.domain.envelope import Accepted, UnreadableError
from ecom_pipeline.domain.event import EventError
from ecom_pipeline.lake import rows
from ecom_pipeline.lake.flatten import csv_line
from ecom_pipeline_tests.builders import accepted, on

DAY = date(2010, 12, 1)

# values that are equal as dict keys, equal in JSON, or easily confused
ALIKE = ["1", 1, True, None, "", " ", "10002 ", "é", 'a "b", c', [], {}]
NUMBERS = ["1", "1.0", "1.00", "0", "-0", "-0.0", "-1", "true", "null", '"1"', "1e0", "1e-5"]
USUAL = {
    "InvoiceNo": "1",
    "StockCode": "1",
    "Description": "1",
    "Quantity": "1",
    "UnitPrice": "1",
    "CustomerID": "1",
    "Country": "1",
    "InvoiceDate": "12/1/2010 8:26",
    "event_id": "a",
    "id": "a",  # the record's own
    "days": 0,  # from the invoice to its arrival
}
OTHERS = {
    "InvoiceNo": [*ALIKE, "A1", "C1"],
    "Quantity": [*NUMBERS, "2147483647", "2147483648", "-2147483648"],
    "UnitPrice": NUMBERS,
    "InvoiceDate": ["12/01/2010 08:26", "12/2/2010 8:26", 5],
    "event_id": ["b", "a b", None, 7],
    "id": ["b", "a b"],
    "days": [-3, -2, -1, 400],
}
change = st.sampled_from(list(USUAL)).flatmap(
    lambda key: st.tuples(st.just(key), st.sampled_from(OTHERS.get(key, ALIKE)))
)
ids = st.sampled_from([{}, {"event_id": "b", "id": "b"}, {"event_id": "a b", "id": "a b"}])
events = st.builds(
    lambda these, named: USUAL | named | dict(these), st.lists(change, max_size=2), ids
)


def line(event):
    """Return a raw line; `Quantity` and `UnitPrice` are JSON as they stand."""
    numbers = {key: msgspec.Raw(event[key].encode()) for key in ("Quantity", "UnitPrice")}
    sent = {k: v for k, v in event.items() if k not in ("id", "days")} | numbers
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    return envelope.encode(
        Accepted(
            event_id=event["id"],
            id_source="producer",
            received_at=noon + timedelta(days=event["days"]),
            event=msgspec.Raw(msgspec.json.encode(sent)),
        )
    )


def outcome(read, data, day):
    try:
        return read(data, day)
    except (UnreadableError, EventError) as error:
        return type(error), str(error)


@given(
    st.lists(events.map(line) | st.binary(max_size=8), max_size=12),
    st.sampled_from([DAY, DAY, date(2010, 12, 2)]),
)
def test_remembering_says_what_the_reference_says(lines, day):
    remembering = rows.CachingReader()
    remembering(line(USUAL), DAY)
    for data in [*lines, *lines]:
        assert outcome(remembering, data, day) == outcome(rows.reference, data, day)


def test_what_was_seen_is_looked_up_and_not_asked_again(monkeypatch):
    remembering = rows.CachingReader()
    first = envelope.encode(accepted(on(DAY, event_id="a", Quantity=2)))
    again = envelope.encode(accepted(on(DAY, event_id="b", Quantity=-3)))
    remembering(first, DAY)
    monkeypatch.setattr(remembering, "_ask", lambda *_: pytest.fail("not read from the cache"))
    assert remembering(again, DAY) == rows.reference(again, DAY)


texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)


@given(st.lists(texts | st.sampled_from(['"', ",", '""', " ,", "'"]), min_size=2, max_size=11))
def test_a_line_of_csv_is_what_the_csv_module_writes(values):
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerow(values)
    assert csv_line(SEPARATOR.join(values)) == written.getvalue()
