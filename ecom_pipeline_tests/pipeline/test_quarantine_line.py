"""By command: a rejected event is corrected and accepted; a customer is erased from every store."""

import json

import pytest
from click.testing import CliRunner

from ecom_pipeline import operations, settings
from ecom_pipeline.cli import ecom as root
from ecom_pipeline.client import endpoints
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local import waiting
from ecom_pipeline.quarantine import replay
from ecom_pipeline.quarantine.replay import QuarantineFilter
from ecom_pipeline.replay import sender
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import on
from ecom_pipeline_tests.waiting import until

pytestmark = pytest.mark.usefixtures("whole_line")


@pytest.fixture
def ecom(whole_line, monkeypatch):
    """Return a function that runs a command against the line."""
    for name, value in settings.environment_of(whole_line).items():
        monkeypatch.setenv(name, value)

    def run(*arguments):
        return CliRunner().invoke(root, [str(each) for each in arguments])

    return run


class Source:
    """Events to send, one by one."""

    name = "quarantine"
    undated = 0

    def __init__(self, *events):
        self.events = events

    def __iter__(self):
        yield from enumerate(self.events, 1)


@pytest.fixture
def kept(whole_line, day):
    """Post a good event and one that is refused; return the latter's record in quarantine."""
    good, bad = on(day, event_id=f"q-{day}", Quantity=2), on(day, event_id=f"m-{day}", Quantity="x")
    target = endpoints.producer(whole_line)
    summary = sender.send(Source(good, bad), target)
    assert summary.accepted == 1

    def arrived():  # the rejected one may be in another shard's batch
        waiting.wait_for(whole_line, sender.send(Source(good), target).last_sequence)
        return mine(whole_line, day)

    (found,) = until(arrived, f"what was refused of {day} in quarantine")
    return found


def mine(configured, day):
    found = replay.find(connect.lake(configured), QuarantineFilter(field="Quantity"))
    return [kept for kept in found if f"m-{day}" in kept.record.original]


def test_what_was_refused_is_shown_and_a_preview_writes_nothing(whole_line, ecom, day, kept):
    groups = json.loads(ecom("quarantine", "list", "--json").stdout)
    assert ("invalid", "Quantity") in {(each["reason"], each["field"]) for each in groups}
    (shown,) = json.loads(ecom("quarantine", "show", kept.id, "--json").stdout)
    assert json.loads(shown["record"]["original"])["Quantity"] == "x"
    refused = ecom("quarantine", "replay", kept.id)
    assert refused.exit_code == 1
    assert "1 are still refused" in refused.stdout
    repaired = ecom("quarantine", "replay", kept.id, "--set", "Quantity=6")
    assert "1 would be accepted" in repaired.stdout
    assert mine(whole_line, day) == [kept]


def test_what_is_mended_is_in_every_store_once_though_replayed_twice(whole_line, ecom, day, kept):
    lake = connect.lake(whole_line)
    for _ in range(2):
        lake.raw.write_lines(kept.key, [kept.line])  # as after a crash between the API and the move
        done = ecom("quarantine", "replay", kept.id, "--set", "Quantity=6", "--yes")
        assert "accepted 1, refused 0" in done.stdout, done.output
        assert (done.exit_code, mine(whole_line, day)) == (0, [])
    good = on(day, event_id=f"q-{day}", Quantity=2)
    again = sender.send(Source(good), endpoints.producer(whole_line))
    waiting.wait_for(whole_line, again.last_sequence)
    operations.load_days(whole_line, day, day)
    assert operations.compare(whole_line, DayRange(day, day)).differences == []
    rows = connect.warehouse(whole_line).query(
        "select quantity from sales.fact_invoice_lines where invoice_date = %s order by 1", [day]
    )
    assert rows == [(2,), (6,)]


def test_a_customer_is_erased_by_command_and_the_id_is_shown_nowhere(whole_line, ecom, day):
    customer = "907060501"
    event = on(day, event_id=f"e-{day}", CustomerID=customer)
    summary = sender.send(Source(event), endpoints.producer(whole_line))
    waiting.wait_for(whole_line, summary.last_sequence)
    operations.load_days(whole_line, day, day)
    asked = ["erase", "--customer", customer, "--anonymise", "--json"]
    found = json.loads(ecom(*asked, "--dry-run").stdout)
    assert (found["customer"]["fact"], found["days"]) == (1, 1)
    done = ecom(*asked, "--yes")
    assert customer not in done.output
    report = json.loads(done.stdout)
    assert set(report["after"]["customer"].values()) == {0}
    assert report["before"]["shop"] == report["after"]["shop"]
    assert operations.compare(whole_line, DayRange(day, day)).differences == []
    for log in (whole_line.home / "log").iterdir():
        assert customer.encode() not in log.read_bytes(), log
