"""The functions' logs: one JSON line per invocation, metrics in EMF, no personal data."""

import json
from types import SimpleNamespace

import pytest

from ecom_pipeline.domain import envelope
from ecom_pipeline.realtime import archive, ingest, store
from ecom_pipeline.realtime.metrics import METRICS
from ecom_pipeline_tests.builders import accepted, kinesis_event, on, payload, request, stream_of

pytestmark = pytest.mark.usefixtures("functions")

CONTEXT = SimpleNamespace(aws_request_id="r-1", get_remaining_time_in_millis=lambda: 9_000)
PERSONAL = "GRANDMA'S SECRET", "98765", "Narnia"


@pytest.fixture
def said(aws, capsys):
    """Return the one line that a handler writes, read as JSON."""

    def run(handler, event):
        capsys.readouterr()
        handler(event, CONTEXT)
        out, err = capsys.readouterr()
        assert err == ""
        (written,) = out.splitlines()
        return json.loads(written)

    return run


def figures(line):
    """Return the metrics that CloudWatch would make of a line, checked against EMF's rules."""
    assert isinstance(line["_aws"]["Timestamp"], int)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    assert directive["Namespace"] == "EcomPipeline"
    assert directive["Dimensions"] == [["function"]]
    assert isinstance(line["function"], str)
    assert len(directive["Metrics"]) <= 100
    for metric in directive["Metrics"]:
        assert set(metric) == {"Name", "Unit"}
        assert metric["Name"].partition(".")[0] in METRICS
        assert metric["Unit"] in {"Count", "Milliseconds"}
        assert 1 <= len(metric["Name"]) <= 255
        assert type(line[metric["Name"]]) in {int, float}
    found = {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}
    assert found.pop("LatencyMs") >= 0
    return found


def test_ingest_counts_what_it_took_and_why_it_refused_the_rest(said, invoice):
    events = [payload(InvoiceNo=invoice, event_id=f"{invoice}-m"), payload(Quantity=0), "text"]
    line = said(ingest.handler, request([*events, payload(Quantity="x")]))
    assert figures(line) == {"Accepted": 1, "Rejected": 3, "Rejected.invalid": 3}
    assert line["rejected_by"] == {"invalid Quantity": 2, "invalid": 1}
    assert (line["function"], line["request_id"]) == ("ingest", "r-1")


@pytest.mark.parametrize("event", [request([]), request("x", headers={"Content-Type": "text/csv"})])
def test_a_request_that_is_refused_whole_is_counted_too(said, event):
    assert figures(said(ingest.handler, event)) == {"Refused": 1}


def test_store_counts_new_redelivered_and_conflicting_lines(said, day, invoice):
    first = on(day, InvoiceNo=invoice, event_id=f"{invoice}-1")
    second = on(day, InvoiceNo=invoice, event_id=f"{invoice}-2")
    said(store.handler, stream_of(first))
    line = said(store.handler, stream_of(first, second, first | {"Quantity": 99}, b_side(first)))
    wanted = {"Stored": 1, "Redelivered": 1, "Conflicts": 2, "Failed": 0}
    assert figures(line) == wanted


def b_side(event):
    return event | {"Quantity": -event["Quantity"]}


def test_archive_counts_what_is_in_the_lake_and_what_in_quarantine(said, day):
    good = envelope.encode(accepted(on(day)))
    line = said(archive.handler, kinesis_event([good, b"poison", good], first=31_000))
    assert figures(line) == {"Archived": 2, "Quarantined": 1, "Objects": 2}


def test_no_line_holds_what_an_event_says(said, day, invoice):
    name, customer, country = PERSONAL
    event = on(day, InvoiceNo=invoice, Description=name, CustomerID=customer, Country=country)
    bad = event | {"Quantity": name, f"{name} {customer}": country}
    lines = [
        said(ingest.handler, request([event, bad, event | {"Quantity": customer + name}])),
        said(store.handler, stream_of(event, event | {"Quantity": 3})),
        said(archive.handler, stream_of(event, bad, first=41_000)),
    ]
    assert lines[0]["rejected_by"] == {"invalid (unknown)": 1, "invalid Quantity": 1}
    text = json.dumps(lines)
    assert [word for word in PERSONAL if word in text] == []
