"""Faults between the consumers and their stores: DynamoDB and S3 throttle, fail, lose responses."""

from botocore.exceptions import ClientError

from ecom_pipeline.local.drill import faulty_responses, functions
from ecom_pipeline.local.drill.functions import Hurry
from ecom_pipeline.local.drill.injection import Injection
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.system import SystemUnderTest
from ecom_pipeline.local.poller.records import Record
from ecom_pipeline.realtime import archive, store

GROUP = "table and archive"

_PUT_ITEMS, _PUT_OBJECT = "BatchExecuteStatement", "PUT /"
_FOR_EVER = 1_000


@fault(GROUP)
def dynamodb_throttles(world: SystemUnderTest) -> str:
    """DynamoDB throttles the first calls: the function retries."""
    times = world.random.randint(1, 3)
    _deliver_through(world, Injection(_PUT_ITEMS, faulty_responses.throttled, times))
    return f"throttled {times} times, then stored"


@fault(GROUP)
def dynamodb_takes_half(world: SystemUnderTest) -> str:
    """Every second statement of a batch is throttled: the function retries those only."""
    _deliver_through(world, Injection(_PUT_ITEMS, faulty_responses.half_of_the_statements, 2))
    return "every second item throttled, twice: all stored"


@fault(GROUP)
def the_answer_of_a_conditional_put_is_lost(world: SystemUnderTest) -> str:
    """The items are stored but the response is lost: the retry's condition fails."""
    kind = world.random.choice((faulty_responses.lost, faulty_responses.cut_after))
    _deliver_through(world, Injection(_PUT_ITEMS, kind))
    return "read back and equal: stored once, no conflict"


@fault(GROUP)
def dynamodb_reads_half(world: SystemUnderTest) -> str:
    """A redelivery reads items back while DynamoDB leaves every second key unprocessed."""
    day = world.day()
    batch = world.batch(world.events(day))
    world.deliver(batch)
    injection = Injection("BatchGetItem", faulty_responses.half_of_the_keys, 2)
    with functions.through(world.settings, injection):
        world.deliver(batch)
    injection.must_have_been_injected()
    world.load(day)
    return "the unprocessed keys were read again: the redelivery changed nothing"


@fault(GROUP)
def dynamodb_is_busy_for_too_long(world: SystemUnderTest) -> str:
    """DynamoDB throttles until the retry budget is spent: the batch fails and is redelivered."""
    day = world.day()
    batch = world.batch(world.events(day))
    with functions.through(
        world.settings, Injection(_PUT_ITEMS, faulty_responses.throttled, _FOR_EVER)
    ):
        failed = world.invoke(store, batch, Hurry())
    first = [{"itemIdentifier": batch[0].sequence}]
    require(failed == first, f"the function reported {failed}, not {first}")
    world.deliver(batch)
    world.load(day)
    return "reported from its first record on; stored when redelivered"


@fault(GROUP)
def s3_answers_500(world: SystemUnderTest) -> str:
    """S3 answers the archive's first put with 500: it is retried."""
    _deliver_through(world, Injection(_PUT_OBJECT, faulty_responses.internal_error))
    return "500, then written"


@fault(GROUP)
def s3_says_slow_down(world: SystemUnderTest) -> str:
    """S3 answers the archive's first put with 503 SlowDown: it is retried."""
    _deliver_through(world, Injection(_PUT_OBJECT, faulty_responses.slow_down))
    return "503 SlowDown, then written"


@fault(GROUP)
def the_connection_to_s3_is_cut(world: SystemUnderTest) -> str:
    """The connection ends before or after S3 has stored the archive's object."""
    kind = world.random.choice((faulty_responses.cut, faulty_responses.cut_after))
    _deliver_through(world, Injection(_PUT_OBJECT, kind))
    return "put again under the same key: one object"


@fault(GROUP)
def s3_lets_nobody_write(world: SystemUnderTest) -> str:
    """S3 refuses every put: the batch is not acknowledged, and redelivered whole."""
    day = world.day()
    batch = world.batch(world.events(day))
    require(_is_refused(world, batch), "the archive acknowledged what it could not write")
    require(not world.lake.raw.objects_of(day), "an object was written")
    world.deliver(batch)
    world.load(day)
    return "refused, not dropped; archived when redelivered"


def _is_refused(world: SystemUnderTest, batch: list[Record]) -> bool:
    with functions.through(
        world.settings, Injection(_PUT_OBJECT, faulty_responses.denied, _FOR_EVER)
    ):
        try:
            world.invoke(archive, batch)
        except ClientError:
            return True
    return False


def _deliver_through(world: SystemUnderTest, injection: Injection) -> None:
    day = world.day()
    batch = world.batch(world.events(day))
    with functions.through(world.settings, injection):
        world.deliver(batch)
    injection.must_have_been_injected()
    objects = len(world.lake.raw.objects_of(day))
    require(objects == 1, f"one batch became {objects} raw objects")
    world.load(day)
