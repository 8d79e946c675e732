"""Faults on the wire to the warehouse: cut connections, lost responses, error 1023."""

from ecom_pipeline.lake import partition
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.system import SystemUnderTest
from ecom_pipeline.local.drill.wire import Fate, StatementStrike
from ecom_pipeline.warehouse import load

GROUP = "warehouse"

_LEDGER = "insert into sales.load_ledger"
_STATEMENTS = ("create temp table", "copy", "delete from sales.fact", "insert into sales.fact")


@fault(GROUP)
def a_connection_ends_before_a_statement(world: SystemUnderTest) -> str:
    """The connection ends before one of a load's statements: the load retries on another."""
    begins = world.random.choice(_STATEMENTS)
    return _published_through(world, StatementStrike(begins, Fate.CUT_BEFORE))


@fault(GROUP)
def a_connection_ends_in_the_middle_of_copy(world: SystemUnderTest) -> str:
    """The connection ends while COPY runs: what it staged is dropped with its session."""
    return _published_through(world, StatementStrike("copy", Fate.CUT_DURING))


@fault(GROUP)
def a_connection_ends_between_delete_and_insert(world: SystemUnderTest) -> str:
    """The connection ends after the day's old rows are deleted: no reader misses them."""
    return _published_through(world, StatementStrike("delete from sales.fact", Fate.CUT_AFTER))


@fault(GROUP)
def a_connection_ends_before_commit(world: SystemUnderTest) -> str:
    """The connection ends before COMMIT arrives: nothing was published, the load retries."""
    return _published_through(world, StatementStrike("commit", Fate.CUT_BEFORE, after=_LEDGER))


@fault(GROUP)
def the_answer_of_commit_is_lost(world: SystemUnderTest) -> str:
    """COMMIT succeeds but its response is lost: the ledger shows the version as this load's."""
    return _published_through(world, StatementStrike("commit", Fate.CUT_AFTER, after=_LEDGER))


@fault(GROUP)
def the_answer_of_the_claim_is_lost(world: SystemUnderTest) -> str:
    """The claim on a day is committed but the response is lost: the next generation is claimed."""
    injection = StatementStrike("commit", Fate.CUT_AFTER, after="insert into sales.load_fence")
    return _published_through(world, injection)


@fault(GROUP)
def a_serialization_failure(world: SystemUnderTest) -> str:
    """A statement fails with 1023, SQLSTATE XX000: only its text shows that it is retryable."""
    begins = world.random.choice(("delete from sales.fact", "insert into sales.fact", _LEDGER))
    return _published_through(world, StatementStrike(begins, Fate.CONFLICT))


@fault(GROUP)
def a_serialization_failure_at_commit(world: SystemUnderTest) -> str:
    """COMMIT itself fails with 1023."""
    return _published_through(world, StatementStrike("commit", Fate.CONFLICT, after=_LEDGER))


def _published_through(world: SystemUnderTest, injection: StatementStrike) -> str:
    """Publish late events of a day through an injection: the version must be 2."""
    day, _ = world.loaded_day()
    world.arrive(day)
    partition.build(world.lake, day)
    with world.warehouse_through(injection) as warehouse:
        published = load.publish(warehouse, world.lake, [day])
    require(injection.injected, "no fault was injected: no such statement")
    require(list(published) == [day], f"the load returned {list(published)} as published")
    world.must_be_version(day, 2)
    return f"{injection.description}: published once, as version 2"
