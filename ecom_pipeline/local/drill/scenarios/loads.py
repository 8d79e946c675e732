"""Faults of concurrent loads: loads of one day at once, a zombie writer, readers during a load."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from ecom_pipeline.lake import partition
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.system import SystemUnderTest
from ecom_pipeline.local.drill.wire import Fate
from ecom_pipeline.warehouse import load
from ecom_pipeline.warehouse.fence import LOCK, FencedError

GROUP = "loads at once"

_TIMEOUT_SECONDS = 60
_LOCK = f"lock {LOCK}"


@fault(GROUP)
def two_loaders_of_one_day(world: SystemUnderTest) -> str:
    """Two or three loads publish one day at once: one does, the others change nothing."""
    day = world.day()
    world.arrive(day)
    partition.build(world.lake, day)
    count = world.random.randint(2, 3)
    with ThreadPoolExecutor(count) as pool:
        ends = Counter(pool.map(lambda _: _publish(world, day), range(count)))
    world.must_be_version(day, 1)
    world.must_hold(day, world.expected(day))
    told = ", ".join(f"{times} {end}" for end, times in sorted(ends.items()))
    return f"{count} loads: {told}"


@fault(GROUP)
def a_zombie_wakes_up(world: SystemUnderTest) -> str:
    """A load is paused before its transaction while a newer one publishes: it is fenced off."""
    day, _ = world.loaded_day()
    world.arrive(day)
    partition.build(world.lake, day)
    asleep, awake = threading.Event(), threading.Event()
    locks = Counter[str]()

    def sleep_at_the_lock(statement: str) -> Fate:
        locks[statement.lower()] += 1
        if statement.lower() == _LOCK and locks[_LOCK] > 1:  # the first lock is the claim's
            asleep.set()
            awake.wait(_TIMEOUT_SECONDS)
        return Fate.PASS

    with world.warehouse_through(sleep_at_the_lock) as warehouse, ThreadPoolExecutor(1) as pool:
        zombie = pool.submit(load.publish, warehouse, world.lake, [day])
        require(asleep.wait(_TIMEOUT_SECONDS), "the first load did not reach its transaction")
        world.arrive(day)
        world.load(day)
        awake.set()
        error = zombie.exception(_TIMEOUT_SECONDS)
    require(isinstance(error, FencedError), f"the zombie ended with {error!r}")
    world.must_be_version(day, 2)
    return "the newer load is published; the zombie failed its fencing check"


@fault(GROUP)
def a_reader_looks_on(world: SystemUnderTest) -> str:
    """A reader queries a day's rows continuously while the day is replaced three times."""
    day, _ = world.loaded_day()
    allowed = [world.held(day).rows]
    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(_read_on, world, day, done)
        try:
            for _ in range(3):
                world.arrive(day)
                allowed.append(world.expected(day).rows)
                world.load(day)
        finally:
            done.set()  # else the pool would never end its reader
        seen = reading.result(_TIMEOUT_SECONDS)
    wrong = set(seen) - set(allowed)
    require(not wrong, f"a reader saw {sorted(wrong)} rows; complete days have {allowed}")
    return f"{seen.total()} reads saw complete days only: {sorted(seen)} rows"


def _publish(world: SystemUnderTest, day: date) -> str:
    try:
        return "published" if load.publish(world.warehouse, world.lake, [day]) else "without change"
    except FencedError:
        return "fenced"


def _read_on(world: SystemUnderTest, day: date, done: threading.Event) -> Counter[int]:
    seen = Counter[int]()
    asked = f"select count(*) from {load.FACT} where invoice_date = %s"  # noqa: S608 - our own name
    with world.warehouse.session() as session:
        while not done.is_set():
            ((rows,),) = session.rows(asked, [day])
            session.commit()
            seen[int(rows)] += 1
    return seen
