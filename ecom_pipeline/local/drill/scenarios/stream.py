"""Faults of the stream's delivery: redelivery, other batches, another order, poison records."""

from ecom_pipeline.local.drill.delivery import encoded, sent
from ecom_pipeline.local.drill.functions import STREAM
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.system import SystemUnderTest
from ecom_pipeline.realtime import archive, store

GROUP = "stream"


@fault(GROUP)
def a_batch_comes_again(world: SystemUnderTest) -> str:
    """Lambda delivers one batch to both consumers three to five times."""
    day = world.day()
    batch = world.batch(world.events(day))
    times = world.random.randint(2, 4)
    for _ in range(times):
        world.deliver(batch)
    objects = len(world.lake.raw.objects_of(day))
    require(objects == 1, f"a batch that was delivered {times} times became {objects} raw objects")
    world.load(day)
    world.deliver(batch)
    world.load(day)
    world.must_be_version(day, 1)
    return f"{len(batch)} events delivered {times + 1} times: 1 raw object, version 1"


@fault(GROUP)
def a_retry_has_other_borders(world: SystemUnderTest) -> str:
    """Records are redelivered in other batches."""
    day = world.day()
    batch = world.batch(world.events(day, 10))
    first, second = world.random.sample(range(1, 10), 2)
    for border in (first, second):
        world.deliver(batch[:border])
        world.deliver(batch[border:])
    world.load(day)
    return f"10 events cut at {first}, then at {second}: each is stored once"


@fault(GROUP)
def records_out_of_order(world: SystemUnderTest) -> str:
    """The records of several invoices arrive in any order, in batches of one to three."""
    day = world.day()
    batch = world.batch(world.events(day, 9))
    world.random.shuffle(batch)
    while batch:
        count = world.random.randint(1, 3)
        world.deliver(batch[:count])
        del batch[:count]
    world.load(day)
    return "9 events shuffled: all stores agree"


@fault(GROUP)
def one_consumer_is_ahead(world: SystemUnderTest) -> str:
    """The table's consumer gets a batch only after the archive's was loaded."""
    day = world.day()
    batch = world.batch(world.events(day))
    require(world.invoke(archive, batch) == [], "the archive has failed records")
    world.load(day)
    require(world.invoke(store, batch) == [], "the store has failed records")
    return "the warehouse was first, the table second"


@fault(GROUP)
def poison_on_the_stream(world: SystemUnderTest) -> str:
    """Records that are not JSON, not UTF-8 or of a wrong type are among good ones on the stream."""
    day = world.day()
    made = world.events(day)
    event_id = made[0]["event_id"]
    good = encoded(made[0])
    poison = [
        f"no JSON {event_id}".encode(),
        b"\xff\xfe\x00" + event_id.encode(),
        b'{"status": "accepted", "event_id": 7, "mark": "%s"}' % event_id.encode(),
        good.replace(event_id.encode(), f"{event_id}-q".encode()).replace(
            b'"Quantity": ', b'"Quantity": 0.5'
        ),
    ]
    world.random.shuffle(poison)
    world.producer.post(made[:2])
    for data in poison:
        told = world.client("kinesis").put_record(
            StreamName=STREAM, Data=data, PartitionKey=made[0]["InvoiceNo"]
        )
        world.producer.note(told["ShardId"], told["SequenceNumber"])
    world.producer.post(made[2:])
    world.producer.settle()
    world.load(day)
    world.poison(*poison)
    return f"{len(poison)} poison records are in quarantine, the {len(made)} good ones loaded"


@fault(GROUP)
def one_id_with_two_contents(world: SystemUnderTest) -> str:
    """An event id arrives again with other content: the first wins, the second is quarantined."""
    day = world.day()
    made = world.events(day)
    other = made[0] | {"Description": "ANOTHER CONTENT"}
    world.deliver(world.batch(made))
    world.deliver(world.batch([other]))
    world.load(day)
    world.poison(sent(other))
    return f"{other['event_id']}: first write wins, the second is an id_conflict"


@fault(GROUP)
def schema_drift_in_an_event(world: SystemUnderTest) -> str:
    """A producer sends an unknown key: the event is rejected, the others are accepted."""
    day = world.day()
    made = world.events(day, 4)
    drifted = made[0] | {"event_id": f"{made[0]['event_id']}-x", "Discount": 0.1}
    told = world.producer.post([*made[:2], drifted, *made[2:]])
    world.producer.settle()
    verdicts = [each["status"] for each in told.results]
    require(verdicts.count("rejected") == 1, f"the API answered {verdicts}")
    refused = told.results[2]
    require(refused["field"] == "Discount", f"the API named {refused['field']!r}, not 'Discount'")
    world.load(day)
    world.poison(sent(drifted))
    return "rejected for its field Discount; the 4 others loaded"
