"""reconcile.classify: each difference between stores is reported by event, unless in flight."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.reconcile import classify as explaining
from ecom_pipeline.reconcile import model
from ecom_pipeline.reconcile.classify import Watermark, classify
from ecom_pipeline.reconcile.compare import reconcile
from ecom_pipeline.reconcile.model import StoredEvent, StoreName

DAY = date(2011, 5, 4)
NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
LATE = Watermark(received=NOON + timedelta(hours=1), today=date(2026, 11, 27))
NAMES = [each for each in StoreName if each != StoreName.ACCEPTED]


def line(number, amount="1.0000", received_at=NOON):
    mark = model.bucket_of(f"{number}{amount}") + 1000 * number
    return StoredEvent(f"e{number}", 1, Decimal(amount), mark, "here", received_at)


COUNT = 100
LINES = [line(n) for n in range(COUNT)]


@dataclass
class Memory:
    """A store of one day in memory: the protocol's simplest implementation."""

    name: StoreName
    held: list[StoredEvent] = field(default_factory=list)
    needs: frozenset[StoreName] = frozenset()

    def days(self, first, last):
        return {DAY: model.total(self.held)} if self.held and first <= DAY <= last else {}

    def buckets(self, days):
        return model.by_bucket(DAY, self.held) if DAY in days else {}

    def lines(self, wanted):
        return model.within(wanted, DAY, self.held)

    def faults(self):
        return []


def stores(**changed):
    return [Memory(name, list(changed.get(name, LINES))) for name in NAMES]


def compare(made, mark=LATE):
    return reconcile(made, DAY, DAY, mark)


def test_equal_stores_have_nothing_to_explain():
    assert compare(stores()).findings == []


@given(
    store=st.sampled_from(NAMES[1:]),
    number=st.integers(0, COUNT - 1),
    act=st.sampled_from(["missing", "changed", "duplicated", "swapped"]),
)
def test_whatever_is_done_to_an_event_of_a_store_is_named_with_the_event(store, number, act):
    lines = list(LINES)
    other = (number + 1) % COUNT
    if act == "missing":
        del lines[number]
    elif act == "changed":
        lines[number] = line(number, "1.0100")
    elif act == "duplicated":
        lines.append(lines[number])
    else:
        lines[number] = lines[other]
    found = compare(stores(**{store: lines}))
    assert found.differences
    kinds = {(each.event_id, each.kind) for each in found.findings}
    if act == "swapped":
        assert kinds == {(f"e{number}", "missing"), (f"e{other}", "duplicated")}
    else:
        assert kinds == {(f"e{number}", act)}
    assert {each.store for each in found.findings} == {store}
    assert {each.state for each in found.findings} == {"different"}


def test_the_hop_that_lost_an_event_is_the_first_that_lacks_it():
    lines = LINES[:-1]
    both = compare(stores(CSV=lines, fact=lines)).findings
    assert [(each.store, each.hop) for each in both] == [
        ("CSV", "raw -> CSV"),
        ("fact", "raw -> CSV"),
    ]
    (alone,) = compare(stores(fact=lines)).findings
    assert alone.hop == "CSV -> fact"


def test_a_stored_event_that_the_file_lacks_is_named_as_not_in_the_file():
    (found,) = compare([Memory(StoreName.ACCEPTED, LINES[:-1]), *stores()]).findings
    assert str(found) == f"{DAY} accepted: event e{COUNT - 1} missing (not in the file)"


def test_what_raw_lacks_and_others_have_is_raws_loss():
    lines = LINES[:-1]
    (lost,) = compare(stores(raw=lines)).findings
    assert (lost.store, lost.state, lost.event_id) == ("raw", "lost", f"e{COUNT - 1}")
    found = compare(stores(fact=[*LINES, line(777)])).findings
    assert [(each.store, each.kind, each.event_id) for each in found] == [("fact", "extra", "e777")]


def test_what_came_after_the_watermark_or_belongs_to_today_is_in_flight():
    lines = LINES[:-1]
    early = Watermark(received=NOON - timedelta(minutes=1), today=LATE.today)
    found = compare(stores(DynamoDB=lines, CSV=lines, fact=lines), early)
    assert {each.state for each in found.findings} == {"in_flight"}
    assert found.differences == []
    today = Watermark(received=LATE.received, today=DAY)
    found = compare(stores(DynamoDB=lines, CSV=lines, fact=lines), today)
    assert {each.store: each.state for each in found.findings} == {
        "DynamoDB": "different",
        "CSV": "in_flight",
        "fact": "in_flight",
    }


def test_sums_that_differ_without_an_event_are_still_a_difference():
    accepted = {
        DAY: Totals(rows=COUNT + 1, quantity=COUNT + 1, amount=Decimal(COUNT + 1), digest=1)
    }
    found = reconcile(stores(), DAY, DAY, LATE, accepted)
    assert found.findings == []
    assert len(found.differences) == 1


def test_where_everything_differs_the_first_buckets_say_why(monkeypatch):
    monkeypatch.setattr(explaining, "MOST_BUCKETS", 3)
    found = classify(stores(fact=[]), [DAY], LATE)
    assert 0 < len(found) < 30
    assert {each.kind for each in found} == {"missing"}


def test_of_a_running_day_what_came_after_its_last_load_is_in_flight_to_the_batch_stores_only():
    load = NOON + timedelta(minutes=30)
    mark = Watermark(received=NOON + timedelta(hours=1), today=DAY, running={DAY: load})
    before, after = line(1), line(2, received_at=load + timedelta(minutes=1))
    all_but = [each for each in LINES if each.event_id not in {"e1", "e2"}]
    every = [*all_but, before, after]
    found = compare(stores(raw=every, DynamoDB=every, CSV=all_but, fact=all_but), mark)
    assert {(each.event_id, each.store) for each in found.wrong} == {("e1", "CSV"), ("e1", "fact")}
    assert {each.event_id for each in found.in_flight} == {"e2"}
    found = compare(stores(raw=every, DynamoDB=all_but, CSV=every, fact=every), mark)
    assert {(each.event_id, each.store) for each in found.wrong} == {
        ("e1", "DynamoDB"),
        ("e2", "DynamoDB"),
    }


def test_an_event_that_a_load_of_a_running_day_took_while_raw_was_read_is_in_flight():
    mark = Watermark(received=LATE.received, today=DAY, running={DAY: NOON})
    new = line(COUNT + 1)._replace(received_at=None)  # CSV and fact table do not know when it came
    found = compare(stores(CSV=[*LINES, new], fact=[*LINES, new]), mark)
    assert found.wrong == []
    assert {each.event_id for each in found.in_flight} == {new.event_id}
    assert compare(stores(CSV=[*LINES, new], fact=[*LINES, new])).wrong
