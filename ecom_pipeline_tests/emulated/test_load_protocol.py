"""Any order of arrivals, ticks, loads, crashes and retries ends in the oracle's tables.

Loads stop before each call and each statement (interleaving.py) while others continue. The oracle
is in load_oracle.py, the system in load_world.py. For many more examples, with shrinking:

`pytest -n0 --hypothesis-profile=thorough ecom_pipeline_tests/emulated/test_load_protocol.py`

Mutations of the product that it has detected (2026-11-27), each made separately:
* messages deleted before the tick's requests are committed: a day is lost, in the first example;
* the de-duplication of a redelivered event: found among 20 examples;
* a load's lock: a duplicate event, when it is overtaken before its delete, insert or ledger row;
* a load's fence: an older table, when it is overtaken after its COPY.
The last two were detected by `a_load_is_overtaken` alone, at each of its pauses.
"""

import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import dagster as dg
import pytest
import redshift_connector
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.orchestration import requests
from ecom_pipeline.warehouse import stage, sweep
from ecom_pipeline.warehouse.fence import FencedError
from ecom_pipeline.warehouse.ledger import within
from ecom_pipeline.warehouse.session import WarehouseError
from ecom_pipeline_tests.emulated.interleaving import Connection, Killed, Load
from ecom_pipeline_tests.emulated.load_oracle import POISON, Oracle, record_of, set_aside
from ecom_pipeline_tests.emulated.load_world import World, days_told, span_of, versions

THOROUGH = settings.get_current_profile_name() == "thorough"
EXAMPLES = settings().max_examples if THOROUGH else 10
STEPS = 30
MOST_LOADS = 4  # concurrently
SPACED = (0, 1, 3)  # the days with events: two successive ones, and a separate one
A_LOOK = 4  # days of an example
EXAMPLES_OF_DAYS = min(EXAMPLES, 250)  # then reused: only claims remain of an example
TICKS = 4

PAUSES = (
    *("PutObject part-", "PutObject _manifest.json", "DeleteObject part-", "insert load_fence"),
    *("PutObject copy/", "select stage_invoice_lines", "select stage_invoice_lines"),
    *("select load_fence", "delete fact_invoice_lines", "insert fact_invoice_lines"),
    *("insert load_ledger", "commit", None, None, None),
)
"""The steps at which loads are paused; None is their end."""


DAYS = st.sampled_from((0, *SPACED))  # the more events on one day, the more loads collide
SPANS = st.sampled_from([(0, 0), (1, 1), (0, 1), (0, 3)])
PLACES = st.tuples(st.integers(0, 1), st.integers(1, 6))
EVENTS = st.tuples(st.sampled_from("abc"), st.integers(1, 2))
CONTENTS = st.lists(EVENTS | EVENTS | EVENTS | st.sampled_from(POISON), min_size=1, max_size=3)
THEN = st.sampled_from(["load", "load", "tick", "killed tick", "nothing"])
NUMBERS = st.integers(0, 99)


class LoadProtocol(RuleBasedStateMachine):
    """What may happen to three days, in any order."""

    world: World
    looks: Iterator[list[date]]  # days for each example

    @initialize()
    def three_days(self):
        self.days = next(self.looks)
        self.oracles = {day: Oracle(day) for day in self.days}
        self.cursor = None
        self.invisible = []  # receipts of messages that a killed tick had received
        self.waiting = []  # requested runs, with their days
        self.launched = set()  # run keys: Dagster launches each once
        self.failed = []  # days of runs that are to be retried
        self.untold = set()  # days of lost notifications
        self.loads = []  # with their days
        self.mornings = itertools.count(1)
        self.is_new = False  # an object, since the last sweep
        self.has_moved = False  # a load, since the last check of the tables
        self.session_of = self.world.straight.session()
        self.session = self.session_of.__enter__()

    # arrivals

    @rule(day=DAYS, place=PLACES, contents=CONTENTS, then=THEN, to=st.sampled_from(PAUSES))
    def an_object_arrives(self, day, place, contents, then, to):
        self.arrive(day, place, contents)
        if "tick" in then:
            self.a_tick(killed=then == "killed tick")
        elif then == "load" and len(self.loads) < MOST_LOADS:
            self.begin((self.days[day], self.days[day]), to)

    def arrive(self, day, place, contents):
        """Put an object; a place that is taken is a batch that comes again: the same object."""
        oracle = self.oracles[self.days[day]]
        contents = oracle.objects.get(place, contents)
        oracle.arrive(place, contents)
        records = [record_of(oracle.day, content) for content in contents]
        self.world.lake.raw.write_records(oracle.key(place), records)
        self.is_new = True

    @precondition(lambda self: len(self.loads) < MOST_LOADS)
    @rule(day=DAYS, place=PLACES, contents=CONTENTS, to=st.sampled_from(PAUSES))
    def a_load_is_overtaken(self, day, place, contents, to):
        """A load waits; a newer one has more, and ends; the stale one goes on with what it had."""
        span = self.days[day], self.days[day]
        stale = self.begin(span, to)
        self.the_fact_table_is_one_that_the_oracle_allows()
        self.arrive(day, place, contents)
        self.begin(span)
        self.the_fact_table_is_one_that_the_oracle_allows()
        stale.run()
        self.has_moved = True

    # notifications and triggers

    @rule(most=st.integers(1, 3), lost=st.booleans())
    def notifications_are_doubled_or_lost(self, most, lost):
        sqs, url = self.world.queue.sqs, self.world.url
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most)
        for message in answer.get("Messages", []):
            if lost:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                self.untold |= days_told(message["Body"])
            else:
                sqs.send_message(QueueUrl=url, MessageBody=message["Body"])
                self.show([message["ReceiptHandle"]])

    @rule(killed=st.booleans())
    def a_tick(self, killed):
        """A tick that is killed is not committed: neither its requests nor its cursor."""
        found = self.world.tick(self.cursor)
        if isinstance(found, dg.SensorResult):
            assert found.cursor is not None
            if killed:
                self.invisible += json.loads(found.cursor)
            else:
                self.cursor = found.cursor
                self.ask("sensor", found.run_requests)
        elif not killed:
            self.cursor = "[]"
        self.nothing_is_forgotten()

    def nothing_is_forgotten(self):
        """A day that is behind has a run, or a message that is not acknowledged."""
        spans = [span_of(run) for run in self.waiting]
        spans += self.failed + [span for _, span in self.loads]
        behind = {o.day for o in self.oracles.values() if o.held != o.account().table}
        left = [day for day in behind - self.untold if not requests.is_waiting(day, spans)]
        assert not left or self.world.unacknowledged() >= len(left)

    @precondition(lambda self: self.cursor not in {None, "[]"})
    @rule()
    def the_cursor_is_lost(self):
        self.invisible += json.loads(self.cursor or "[]")
        self.cursor = None

    @precondition(lambda self: self.invisible or self.cursor not in {None, "[]"})
    @rule()
    def time_passes(self):
        """What was received and not deleted is handed out again."""
        self.show(self.invisible + json.loads(self.cursor or "[]"))
        self.invisible = []

    @precondition(lambda self: self.is_new)
    @rule()
    def a_sweep(self):
        self.is_new = False
        morning = datetime(2026, 12, 1, 5, tzinfo=UTC) + timedelta(days=next(self.mornings))
        found = self.world.sweep(morning)
        self.ask("sweep", found if isinstance(found, list) else [])

    def ask(self, launcher, asked):
        for request in asked:
            if (launcher, request.run_key) not in self.launched:
                self.launched.add((launcher, request.run_key))
                tags = dict(request.tags)
                if request.partition_key:
                    tags[requests.PARTITION] = request.partition_key
                self.waiting.append(self.run_of(tags, dg.DagsterRunStatus.NOT_STARTED))

    def run_of(self, tags, status):
        run = dg.DagsterRun(requests.LOAD_DAYS, str(uuid4()), tags=tags, status=status)
        return self.world.instance.add_run(run)

    def show(self, receipts):
        sqs = self.world.queue.sqs
        for receipt in receipts:
            with suppress(sqs.exceptions.ClientError):  # already deleted
                sqs.change_message_visibility(
                    QueueUrl=self.world.url, ReceiptHandle=receipt, VisibilityTimeout=0
                )

    # loads

    @precondition(lambda self: self.waiting and len(self.loads) < MOST_LOADS)
    @rule(number=NUMBERS, to=st.sampled_from(PAUSES))
    def a_waiting_run_begins(self, number, to):
        run = self.waiting.pop(number % len(self.waiting))
        self.world.instance.delete_run(run.run_id)
        self.begin(requests.days_of_tags(run.tags), to)

    @precondition(lambda self: len(self.loads) < MOST_LOADS)
    @rule(span=SPANS, to=st.sampled_from(PAUSES))
    def a_person_loads(self, span, to):
        self.begin([self.days[n] for n in span], to)

    @precondition(lambda self: self.failed and len(self.loads) < MOST_LOADS)
    @rule(number=NUMBERS, to=st.sampled_from(PAUSES))
    def a_failed_run_is_tried_again(self, number, to):
        self.begin(self.failed.pop(number % len(self.failed)), to)

    @precondition(lambda self: self.loads)
    @rule(number=NUMBERS, to=st.sampled_from(PAUSES))
    def a_load_goes_on(self, number, to):
        self.loads[number % len(self.loads)][0].run(to)
        self.has_moved = True

    @precondition(lambda self: self.loads)
    @rule(number=NUMBERS, fault=st.sampled_from(["kill", "drop", "lose"]))
    def a_load_meets_a_fault(self, number, fault):
        self.loads[number % len(self.loads)][0].step(fault)
        self.has_moved = True

    def begin(self, span, to=None):
        first, last = span
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        found = Load(lambda: self.world.load(days))
        self.loads.append((found, (first, last)))
        found.run(to)
        self.has_moved = True
        return found

    # invariants after each of these

    @invariant()
    def the_fact_table_is_one_that_the_oracle_allows(self):
        if not self.has_moved:
            return
        self.has_moved = False
        before = [oracle.version for oracle in self.oracles.values()]
        self.session.rollback()
        rows = self.session.rows(
            f"select invoice_date, event_id, quantity from {stage.FACT} where {within(self.days)}"
        )
        entries = versions(self.session, self.days)
        totals = stage.fact_totals(self.session, self.days[0], self.days[-1])
        for day, oracle in self.oracles.items():
            mine = [(id_.rpartition(".")[2], quantity) for at, id_, quantity in rows if at == day]
            oracle.check(mine, entries[day], totals.get(day, Totals()))
        unchanged = before == [oracle.version for oracle in self.oracles.values()]
        for each in [each for each in self.loads if each[0].at is None]:
            self.end(*each, unchanged=unchanged)

    def end(self, ended, span, *, unchanged):
        """A run that did not succeed is to be run again; one that was fenced off did nothing."""
        self.loads.remove((ended, span))
        if ended.error is None:
            return
        self.failed.append(span)
        assert unchanged or not isinstance(ended.error, FencedError)
        if not isinstance(ended.error, EXPECTED):
            raise ended.error

    def teardown(self):
        try:
            if sys.exc_info()[1] is None:
                self.everything_comes_to_rest()
        finally:
            for each, _ in self.loads:
                while each.at is not None and each.step("kill"):
                    pass
            self.session_of.__exit__(None, None, None)
            self.world.forget(self.days)

    def everything_comes_to_rest(self):
        """Without a sweep for what was told; then with one, and after every stale load's end."""
        for stale, _ in self.loads:
            if stale is Connection.holder:
                stale.run()
                self.is_over(stale, may_fail=True)
        self.time_passes()
        for _ in range(TICKS):
            self.run_all()
            self.a_tick(killed=False)
        for day in set(self.days) - self.untold:
            assert self.oracles[day].held == self.oracles[day].account().table, (
                "notified, but not loaded"
            )
        assert self.world.unacknowledged() == 0
        for stale, _ in list(self.loads):
            stale.run()
            self.is_over(stale, may_fail=True)
        self.a_sweep()
        self.run_all()
        tomorrow = self.days[-1] + timedelta(days=1)
        assert sweep.behind(self.world.lake, self.world.straight, tomorrow) == {}
        self.all_is_where_it_belongs()

    def run_all(self):
        while self.waiting or self.failed:
            if self.waiting:
                run = self.waiting.pop()
                self.world.instance.delete_run(run.run_id)
                span = span_of(run)
            else:
                span = self.failed.pop()
            self.is_over(self.begin(span))

    def is_over(self, one, *, may_fail=False):
        assert one.at is None, f"blocked at {one.at}"
        self.has_moved = True
        self.the_fact_table_is_one_that_the_oracle_allows()
        assert may_fail or one.error is None

    def all_is_where_it_belongs(self):
        """Fact, CSV and quarantine together hold each record that arrived, once."""
        found, wanted = self.world.quarantined(), []
        for day, oracle in self.oracles.items():
            account = oracle.account()
            assert oracle.held == account.table
            manifest = partition.read_manifest(self.world.lake, day)
            if manifest is None:
                assert not oracle.objects
                continue
            assert self.world.csv_of(manifest) == list(account.table.items())
            assert manifest.redelivered == account.redelivered
            assert sum(manifest.quarantined.values()) == len(account.conflicts + account.poison)
            assert {each.key for each in manifest.sources} == set(map(oracle.key, oracle.objects))
            wanted += set_aside(day, account)
        originals = sorted(line for lines in found.values() for line in lines)
        assert originals == sorted(wanted)


EXPECTED = (Killed, WarehouseError, ManifestError, redshift_connector.InterfaceError)
"""The errors of a load that was overtaken by others, or met a fault."""


@pytest.fixture
def world(redshift):
    with dg.DagsterInstance.ephemeral() as instance:
        yield World(redshift, instance)


def test_any_order_of_arrivals_ticks_loads_and_crashes_ends_in_the_same_tables(world, days):
    class Bound(LoadProtocol):
        pass

    Bound.world = world
    Bound.looks = itertools.cycle([days(A_LOOK) for _ in range(EXAMPLES_OF_DAYS)])
    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not THOROUGH,
            deadline=None,
            database=None,
            # HealthCheck's metaclass has an untyped __iter__
            suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
            phases=[Phase.generate, Phase.shrink] if THOROUGH else [Phase.generate],
        ),
    )
