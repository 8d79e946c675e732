"""Faults between the ingest function and Kinesis: throttling, partial failures, lost responses."""

from collections.abc import Sequence

from ecom_pipeline.local.drill import faulty_responses, functions
from ecom_pipeline.local.drill.delivery import Event
from ecom_pipeline.local.drill.functions import Hurry
from ecom_pipeline.local.drill.http_proxy import Rule
from ecom_pipeline.local.drill.injection import Injection
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.system import SystemUnderTest

GROUP = "api"

_ACCEPTED, _UNAVAILABLE = 202, 503
_FOR_EVER = 1_000


@fault(GROUP)
def kinesis_throttles(world: SystemUnderTest) -> str:
    """Kinesis throttles the first PutRecords calls: the function retries."""
    times = world.random.randint(1, 3)
    _post_through(world, faulty_responses.throttled, times)
    return f"throttled {times} times, then accepted"


@fault(GROUP)
def kinesis_takes_half(world: SystemUnderTest) -> str:
    """PutRecords fails for every second record: the function retries those only."""
    _post_through(world, faulty_responses.half_of_the_records, 2)
    return "every second record throttled, twice: none lost, none duplicated in the stores"


@fault(GROUP)
def the_answer_of_putrecords_is_lost(world: SystemUnderTest) -> str:
    """PutRecords succeeds but its response is lost: the function puts the records again."""
    kind = world.random.choice((faulty_responses.lost, faulty_responses.cut_after))
    _post_through(world, kind, 1)
    return "each record twice on the stream, once in each store"


@fault(GROUP)
def kinesis_throttles_for_too_long(world: SystemUnderTest) -> str:
    """Kinesis throttles until the retry budget is spent: 503; the producer sends again."""
    day = world.day()
    made = world.events(day)
    injection = Injection("PutRecords", faulty_responses.throttled, _FOR_EVER)
    with functions.through(world.settings, injection):
        told = world.producer.post(made, Hurry())
    require(told.status == _UNAVAILABLE, f"the API answered {told.status}, not 503")
    require("Retry-After" in told.headers, "the response has no Retry-After")
    _must_accept(world, made)
    world.load(day)
    return f"503 with Retry-After after {injection.injected} refusals; sent again, all are stored"


@fault(GROUP)
def a_producer_sends_again(world: SystemUnderTest) -> str:
    """A producer without a response posts the same events again, in another order."""
    day = world.day()
    made = world.events(day)
    _must_accept(world, made)
    _must_accept(world, world.random.sample(made, len(made)))
    world.load(day)
    return f"{len(made)} events accepted twice, stored once"


def _post_through(world: SystemUnderTest, kind: Rule, times: int) -> None:
    day = world.day()
    made = world.events(day)
    injection = Injection("PutRecords", kind, times)
    with functions.through(world.settings, injection):
        told = world.producer.post(made)
    injection.must_have_been_injected()
    require(told.status == _ACCEPTED, f"the API answered {told.status}")
    world.producer.settle()
    world.load(day)


def _must_accept(world: SystemUnderTest, made: Sequence[Event]) -> None:
    told = world.producer.post(made)
    require(told.status == _ACCEPTED, f"the API answered {told.status}")
    world.producer.settle()
