"""The decision after an invocation, and the loop around it, without I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.local.poller.delivery import (
    EXHAUSTED,
    LONGEST_PAUSE,
    TOO_OLD,
    Discard,
    Work,
    after,
    backoff,
    deliver,
    expired,
)
from ecom_pipeline.local.poller.invocation import InvocationResult, NotInvoked
from ecom_pipeline.local.poller.ledger import Ledger
from ecom_pipeline.local.poller.records import Record, fitting, worker_of
from ecom_pipeline_tests.unit.local.poller_builders import mapping, one, several

NO_RETRY = mapping(MaximumRetryAttempts=0)
TWO_RETRIES = mapping(MaximumRetryAttempts=2)
BISECT = mapping(MaximumRetryAttempts=2, BisectBatchOnFunctionError=True)


def sequences(records: Sequence[Record]) -> list[int]:
    return [int(record.sequence) for record in records]


def test_a_finished_batch_leaves_nothing_to_do():
    step = after(Work(several(3)), InvocationResult(3), BISECT)
    assert (sequences(step.finished), step.pending, step.discard) == ([1, 2, 3], (), None)


def test_what_comes_before_the_failure_is_finished_and_the_rest_retried():
    step = after(Work(several(5)), InvocationResult(2, "BatchItemFailures"), TWO_RETRIES)
    assert sequences(step.finished) == [1, 2]
    assert [sequences(work.records) for work in step.pending] == [[3, 4, 5]]
    assert step.pause > 0


def test_with_bisect_the_rest_is_split_and_splitting_uses_no_retry():
    step = after(Work(several(6), failures=2), InvocationResult(0, "Unhandled"), BISECT)
    assert [sequences(work.records) for work in step.pending] == [[1, 2, 3], [4, 5, 6]]
    assert [work.failures for work in step.pending] == [2, 2]


def test_a_single_record_is_given_up_when_its_retries_are_used():
    work = Work((one(1),), failures=2, invocations=2)
    step = after(work, InvocationResult(0, "Unhandled"), BISECT)
    assert step.discard == Discard((one(1),), EXHAUSTED, 3, "Unhandled")
    assert step.pending == ()


def test_without_bisect_the_whole_rest_is_given_up_as_lambda_does():
    step = after(Work(several(3)), InvocationResult(1, "BatchItemFailures"), NO_RETRY)
    assert step.discard is not None
    assert sequences(step.discard.records) == [2, 3]


def test_retries_for_ever_never_give_up():
    step = after(Work((one(1),), failures=9999), InvocationResult(0, "Unhandled"), mapping())
    assert step.discard is None
    assert step.pause == LONGEST_PAUSE


def test_a_function_that_did_not_run_costs_no_retry_and_no_split():
    step = after(Work(several(4), failures=2), NotInvoked("throttled"), BISECT)
    assert [(len(work.records), work.failures) for work in step.pending] == [(4, 2)]


def test_progress_starts_the_quota_anew():
    step = after(
        Work(several(4), failures=2), InvocationResult(1, "BatchItemFailures"), TWO_RETRIES
    )
    assert step.discard is None
    assert step.pending[0].failures == 1


def test_only_the_leading_old_records_are_too_old():
    records = (one(1, arrived=10), one(2, arrived=20), one(3, arrived=99))
    assert sequences(expired(records, 60, now=100)) == [1, 2]
    assert expired(records, -1, now=10**9) == ()


def test_pauses_grow_and_stay_bounded():
    pauses = [backoff(tries) for tries in range(1, 3000)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


@dataclass
class Shop:
    """A function that fails on poison, and everything that the poller would do to the world."""

    poison: set[str] = field(default_factory=set)
    reports: bool = True
    stops_after: int = 10**9
    refuses: int = 0
    time: float = 0
    first_seen: list[Record] = field(default_factory=list)
    invocations: int = 0
    given_up: list[Discard] = field(default_factory=list)
    done: list[Record] = field(default_factory=list)

    def invoke(self, records: Sequence[Record]) -> InvocationResult | NotInvoked:
        self.invocations += 1
        if self.refuses:
            self.refuses -= 1
            return NotInvoked("throttled")
        self.first_seen += [record for record in records if record not in self.first_seen]
        bad = [place for place, record in enumerate(records) if record.sequence in self.poison]
        if not bad:
            return InvocationResult(len(records))
        return InvocationResult(bad[0] if self.reports else 0, "Unhandled")

    def discard(self, discard: Discard) -> bool:
        self.given_up.append(discard)
        return True

    def finished(self, records: Sequence[Record]) -> None:
        self.done += records

    def pause(self, seconds: float) -> bool:
        self.time += seconds
        return self.invocations >= self.stops_after

    def now(self) -> float:
        return self.time


def test_an_age_given_up_takes_no_younger_neighbour_with_it():
    shop = Shop(time=100)
    rules = mapping(MaximumRecordAgeInSeconds=60)
    assert deliver((one(1, arrived=10), one(2, arrived=99)), rules, shop)
    assert [(sequences(gone.records), gone.condition) for gone in shop.given_up] == [([1], TOO_OLD)]
    assert sequences(shop.first_seen) == [2]
    assert sequences(shop.done) == [1, 2]


def test_an_old_record_that_keeps_failing_is_given_up_by_its_age():
    shop = Shop(poison={"1"})
    assert deliver((one(1), one(2)), mapping(MaximumRecordAgeInSeconds=60), shop)
    assert shop.given_up[0].condition == TOO_OLD
    assert shop.given_up[0].invocations > 1


def test_told_to_stop_the_rest_stays_unfinished():
    shop = Shop(poison={"3"}, stops_after=1)
    assert not deliver(several(4), BISECT, shop)
    assert sequences(shop.done) == [1, 2]


def test_a_long_outage_gives_nothing_up():
    shop = Shop(refuses=500)
    assert deliver(several(3), NO_RETRY, shop)
    assert (shop.given_up, len(shop.done)) == ([], 3)


@dataclass(frozen=True)
class Case:
    """Any records of a shard, in any batches, with any of them poison."""

    made: list[tuple[str, bool]]
    batch_size: int
    workers: int
    retries: int
    reports: bool
    refuses: int


CASES = st.builds(
    Case,
    made=st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=60),
    batch_size=st.integers(1, 25),
    workers=st.integers(1, 5),
    retries=st.integers(0, 3),
    reports=st.booleans(),
    refuses=st.integers(0, 3),
)


@given(case=CASES, data=st.data())
def test_exactly_the_poison_is_given_up_whatever_the_batches(case: Case, data: st.DataObject):
    records = [one(number, key) for number, (key, _) in enumerate(case.made)]
    poison = {str(number) for number, (_, is_poison) in enumerate(case.made) if is_poison}
    shop = LedgerShop(poison, case.reports, refuses=case.refuses, records=records)
    deliver_all(case, shop, data)

    given_up = [record.sequence for gone in shop.given_up for record in gone.records]
    assert sorted(given_up) == sorted(poison)
    assert all(len(gone.records) == 1 for gone in shop.given_up)
    assert set(shop.first_seen) == set(records)
    assert sorted(sequences(shop.done)) == sequences(records)
    for key in "abcdef":
        for order in (shop.first_seen, shop.done):
            of_key = [int(record.sequence) for record in order if record.key == key]
            assert of_key == sorted(of_key)
    assert shop.checkpoint == (records[-1].sequence if records else None)


def deliver_all(case: Case, shop: "LedgerShop", data: st.DataObject) -> None:
    """Let the lanes take turns as they come, batch by batch."""
    rules = mapping(MaximumRetryAttempts=case.retries, BisectBatchOnFunctionError=True)
    hands = [
        [record for record in shop.records if worker_of(record.key, case.workers) == worker]
        for worker in range(case.workers)
    ]
    while any(hands):
        hand = data.draw(st.sampled_from([hand for hand in hands if hand]))
        count = fitting(hand, case.batch_size)
        assert 1 <= count <= case.batch_size
        assert deliver(hand[:count], rules, shop)
        del hand[:count]


@dataclass
class LedgerShop(Shop):
    """A shop that keeps the shard's checkpoint, and watches that it never passes a debt."""

    records: Sequence[Record] = ()
    checkpoint: str | None = None

    def __post_init__(self) -> None:
        self.ledger = Ledger()
        self.ledger.take(self.records)

    def finished(self, records: Sequence[Record]) -> None:
        super().finished(records)
        self.checkpoint = self.ledger.finish(records) or self.checkpoint
        owed = [int(r.sequence) for r in self.records if r not in self.done]
        if self.checkpoint is not None and owed:
            assert int(self.checkpoint) < min(owed)
