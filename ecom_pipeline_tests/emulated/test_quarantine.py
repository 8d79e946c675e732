"""quarantine: records are listed, revalidated, and leave only after they were accepted."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.catalog import QUARANTINE_TABLE
from ecom_pipeline.quarantine import discard, replay, revalidate
from ecom_pipeline.quarantine.replay import QuarantineFilter
from ecom_pipeline.quarantine.revalidate import Event, Refusal
from ecom_pipeline.realtime import archive, ingest, store
from ecom_pipeline.reconcile import verdict
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import accepted, kinesis_event, on, request, stream_of
from ecom_pipeline_tests.emulated.killing import killed_at

pytestmark = pytest.mark.usefixtures("functions")

TODAY = datetime.now(UTC).date()


def refuse(day, *events):
    """Put events that the API refuses into quarantine, as if it had received them that day."""
    moment = datetime.combine(day, datetime.min.time(), UTC)
    records = [
        ingest._judge(msgspec.Raw(envelope._ENCODER.encode(e)), n, moment)
        for n, e in enumerate(events, 1)
    ]
    archive.handler(kinesis_event(map(envelope.encode, records)))


class Api:
    """The API as far as a replay sees it: the ingest function's rules, without a stream."""

    def __init__(self):
        self.took = []

    def __call__(self, events):
        for event in events:
            (record,) = ingest._records(
                request(revalidate._ENCODER.encode(event).decode()), datetime.now(UTC)
            )
            assert isinstance(record, envelope.Accepted)
            self.took.append(event)
        return [None] * len(events)


def look(lake, day, **wanted):
    return list(replay.find(lake, QuarantineFilter(day=day, **wanted)))


def candidates(lake, day, changes=(), **wanted):
    return replay.preview(lake, look(lake, day, **wanted), dict(changes), TODAY)


def event_of(trial) -> Event:
    assert trial.event is not None, trial.refusal
    return trial.event


def refusal_of(trial) -> Refusal:
    assert trial.refusal is not None, trial.event
    return trial.refusal


def test_records_are_counted_and_found_by_reason_field_and_id(lake, day):
    refuse(day, on(day, Quantity="six"), on(day, Quantity="ten"), on(day, Country=None))
    found = look(lake, day)
    assert replay.count(found) == {
        (day, "invalid", "Country"): 1,
        (day, "invalid", "Quantity"): 2,
    }
    assert look(lake, day, field="Country") == [found[2]]
    assert look(lake, day, id=found[1].id) == [found[1]]
    assert look(lake, day, reason="not_json") == []


def test_what_is_mended_is_taken_and_leaves_and_the_rest_stays(lake, day):
    refuse(day, on(day, event_id="a", Quantity="six"), on(day, event_id="b", Country=None))
    before = {kept.record.field: kept.line for kept in look(lake, day)}
    tried = candidates(lake, day, {"Quantity": "6"})
    assert [trial.refusal and trial.refusal.field for trial in tried] == [None, "Country"]
    assert len(look(lake, day)) == 2, "a dry run writes nothing"
    api = Api()
    outcome = replay.replay(lake, tried, api)
    assert [event["event_id"] for event in api.took] == ["a"]
    assert len(outcome.accepted) == 1
    assert [kept.line for kept in look(lake, day)] == [before["Country"]]
    (moved,) = lake.raw.objects(f"{keys.REPLAYED}received_date={day}/")
    assert list(lake.raw.lines(moved.key)) == [before["Quantity"]]


def test_an_event_without_an_id_has_the_same_one_at_each_try(lake, day):
    bad = {k: v for k, v in on(day, Quantity="six").items() if k != "event_id"}
    refuse(day, bad, bad, on(day, event_id="x", Country=None))
    first, second = (event_of(t)["event_id"] for t in candidates(lake, day, {"Quantity": "6"})[:2])
    assert first != second, "equal lines of an invoice are two events"
    replay.replay(lake, candidates(lake, day, {"Quantity": "6"}, field="Quantity")[:1], Api())
    (left,) = candidates(lake, day, {"Quantity": "6"}, field="Quantity")
    assert event_of(left)["event_id"] == second, "the id does not depend on the lines before it"


@pytest.mark.parametrize("write", [1, 2])
def test_killed_at_any_write_and_run_again_it_ends_the_same(lake, day, write):
    refuse(day, on(day, event_id="a", Quantity="six"), on(day, event_id="b", Quantity="ten"))
    lines = {kept.line for kept in look(lake, day)}
    api = Api()
    tried = candidates(lake, day, {"Quantity": "6"})
    assert killed_at(write, lambda: replay.replay(lake, tried, api), lake.s3)
    assert {kept.line for kept in look(lake, day)} == lines, "a record was lost"
    replay.replay(lake, candidates(lake, day, {"Quantity": "6"}), api)
    assert look(lake, day) == []
    assert api.took[:2] == api.took[2:], "not the same events, so the stores hold them twice"
    (moved,) = lake.raw.objects(f"{keys.REPLAYED}received_date={day}/")
    assert set(lake.raw.lines(moved.key)) == lines


def test_what_the_api_refuses_stays(lake, day):
    refuse(day, on(day, Quantity="six"))
    refusal = Refusal("Quantity", "an older rule", "6")
    outcome = replay.replay(
        lake, candidates(lake, day, {"Quantity": "6"}), lambda events: [refusal] * len(events)
    )
    assert outcome.accepted == []
    assert [why for _, why in outcome.refused] == [refusal]
    assert len(look(lake, day)) == 1


def test_what_a_rebuild_set_aside_is_taken_by_loading_its_day(lake, days):
    day, another = days(2)
    foreign = accepted(on(another, event_id="f"))
    arrived = date(2026, 11, 22)
    key = keys.raw_key(day, "0", "1", "1")
    lake.raw.write_records(key, [foreign])
    partition.build(lake, day)
    mine = [k for k in look(lake, arrived) if keys.transform_day_of(k.key) == day]
    (trial,) = replay.preview(lake, mine, {}, TODAY)
    assert refusal_of(trial).field == "InvoiceDate"
    (trial,) = replay.preview(lake, mine, {"Quantity": "1"}, TODAY)
    assert "no --set" in refusal_of(trial).expected
    lake.raw.write_records(key, [accepted(on(day, event_id="f"))])  # as after a corrected rule
    (trial,) = replay.preview(lake, mine, {}, TODAY)
    assert trial.rebuild == day
    partition.build(lake, day)
    assert [k for k in look(lake, arrived) if keys.transform_day_of(k.key) == day] == []


def test_a_conflict_needs_an_id_of_its_own_and_stays_away_once_it_was_taken(lake, day, invoice):
    first = on(day, InvoiceNo=invoice, event_id=f"{invoice}-x")
    second = first | {"Quantity": 7}
    for handler in (archive.handler, store.handler):
        handler(stream_of(first))
        handler(stream_of(second, first=9))
    partition.build(lake, day)
    arrived = date(2026, 11, 22)
    mine = [k for k in look(lake, arrived, reason="id_conflict") if invoice in k.record.record]
    (trial,) = replay.preview(lake, mine, {}, TODAY)
    assert "--set event_id=" in refusal_of(trial).expected
    (trial,) = replay.preview(lake, mine, {"event_id": f"{invoice}-y"}, TODAY)
    replay.replay(lake, [trial], Api())
    made = partition.build(lake, day)
    assert made.quarantined == {"id_conflict": 1}, "raw has changed"
    assert made.unaccounted == 0
    again = [k for k in look(lake, arrived, reason="id_conflict") if invoice in k.record.record]
    assert again == []


def test_two_contents_are_not_sent_under_one_id(lake, day):
    refuse(day, on(day, Quantity="six"), on(day, Quantity="ten", StockCode="B"))
    one, two = candidates(lake, day, {"Quantity": "6", "event_id": "same"})
    assert one.event is not None
    assert refusal_of(two).field == "event_id"


def test_what_is_no_json_or_no_event_says_so(day):
    moment = datetime.combine(day, datetime.min.time(), UTC)
    cases: list[tuple[bytes, envelope.Reason, str]] = [
        (b"{nope", "not_json", "JSON"),
        (b"[]", "invalid", "a JSON object"),
        (envelope.encode(accepted(on(day, Quantity=0))), "invalid", "32 bits"),
        (b'{"Description": "' + b"x" * 40_000 + b'"}', "too_large", "at most 32768 bytes"),
    ]
    for original, reason, expected in cases:
        error = envelope.EventError("", "", None)
        record = envelope.rejected(
            original, record="r", reason=reason, received_at=moment, error=error
        )
        found = revalidate.attempt(envelope.encode(record), record, {}, TODAY)
        assert isinstance(found, Refusal)
        assert expected in found.expected


def test_glue_shows_quarantine_to_sql_without_adding_a_partition(aws, day):
    catalog = connect.catalog(aws)
    catalog.sync([day])
    catalog.sync([day])
    table = catalog.glue.get_table(DatabaseName=aws.glue_database, Name=QUARANTINE_TABLE)["Table"]
    names = [each["Name"] for each in table["StorageDescriptor"]["Columns"]]
    assert names[:3] == ["status", "received_at", "reason"]
    assert "original_base64" in names
    assert table["Parameters"]["projection.received_date.type"] == "date"
    assert catalog.columns(QUARANTINE_TABLE) == catalog.expected()[QUARANTINE_TABLE]


def noted(found, why="a test file"):
    return discard.entry(
        found, who="ann", moment=datetime.now(UTC), why=why, selection={"day": "x"}
    )


@pytest.mark.parametrize("kill", [0, 1, 2, 3])
def test_what_is_discarded_is_open_no_more_and_logged_and_still_shown(lake, day, kill):
    refuse(day, on(day, Quantity="six"), on(day, Quantity="ten"), on(day, Country=None))
    chosen, rest = look(lake, day, field="Quantity"), look(lake, day, field="Country")
    logged = len(discard.log(lake))
    if kill:
        assert killed_at(kill, lambda: discard.discard(lake, chosen, noted(chosen)), lake.s3)
        either = {*look(lake, day, field="Quantity"), *look(lake, day, discarded=True)}
        assert {each.line for each in either} == {each.line for each in chosen}, "a record was lost"
        chosen = look(lake, day, field="Quantity")
    discard.discard(lake, chosen, noted(chosen))
    assert look(lake, day) == rest
    gone = look(lake, day, discarded=True)
    assert sorted(each.record.got for each in gone) == ["'six'", "'ten'"]
    assert {each.day for each in gone} == {day}
    *_, last = discard.log(lake)
    assert (last.who, last.why) == ("ann", "a test file")
    entries = len(discard.log(lake))
    assert entries > logged
    nothing = look(lake, day, field="Quantity")
    discard.discard(lake, nothing, noted(nothing))
    assert (nothing, len(discard.log(lake))) == ([], entries), "discarding twice is a no-op"


def test_a_discarded_record_can_be_replayed_after_all(lake, day):
    refuse(day, on(day, event_id="a", Quantity="six"), on(day, event_id="b", Country=None))
    discard.discard(lake, found := look(lake, day, field="Quantity"), noted(found))
    api = Api()
    replay.replay(lake, candidates(lake, day, {"Quantity": "6"}, discarded=True), api)
    assert [event["event_id"] for event in api.took] == ["a"]
    assert look(lake, day, discarded=True) == []
    assert [each.record.field for each in look(lake, day)] == ["Country"]


def test_a_rebuild_brings_back_nothing_that_was_discarded_and_all_is_accounted_for(
    lake, warehouse, day
):
    raw = keys.raw_key(day, "0", "1", "1")
    twice = [on(day, event_id="d", InvoiceNo="1"), on(day, event_id="d", InvoiceNo="2")]
    events = [on(day, event_id="good"), *twice, on(day, event_id="x", Quantity=0)]
    lake.raw.write_records(raw, map(accepted, events))
    before = partition.build(lake, day)
    assert sorted(before.quarantined.items()) == [("id_conflict", 1), ("invalid", 1)]
    received = {keys.day_of(key) for key in before.quarantine_keys}
    found = [each for moment in received for each in look(lake, moment)]
    mine = [each for each in found if each.key in before.quarantine_keys]
    assert len(mine) == 2
    opened = verdict.backlog(warehouse, lake)
    discard.discard(lake, mine, noted(mine))
    closed = verdict.backlog(warehouse, lake)
    assert opened.quarantine_open - closed.quarantine_open == 2
    assert closed.quarantine_discarded - opened.quarantine_discarded == 2
    for part_bytes in (2_000_000, 60):  # also when the day has more parts than then
        again = partition.build(lake, day, part_bytes=part_bytes)
        assert (again.totals, again.quarantined) == (before.totals, before.quarantined)
        assert again.unaccounted == 0
        assert again.quarantine_keys == ()
        assert verdict.backlog(warehouse, lake) == closed
    gone = {each.id for each in look(lake, mine[0].day, discarded=True)}
    assert {each.id for each in mine} <= gone
