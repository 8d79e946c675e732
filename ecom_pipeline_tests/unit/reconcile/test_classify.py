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
