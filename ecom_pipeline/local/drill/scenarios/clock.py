"""Faults of clocks and days: a wrong clock, midnight, daylight saving time, empty and late days.

An event belongs to the day of its InvoiceDate, in the shop's local time; nothing is converted.
"""

from datetime import date, timedelta

from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import partition
from ecom_pipeline.local.drill.delivery import moment, payload, sent
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.system import SystemUnderTest
from ecom_pipeline.warehouse import load

GROUP = "calendar"

_SPRING, _AUTUMN = date(2011, 3, 27), date(2011, 10, 30)  # 01:30: never, twice
_DAY = timedelta(days=1)


@fault(GROUP)
def a_producers_clock_is_ahead(world: SystemUnderTest) -> str:
    """An event dated tomorrow is accepted; one dated a day later is rejected by its field."""
    today = world.settings.shop.today()
    taken = world.events(world.touch(today + _DAY), 1)
    refused = payload(world.random, today + 2 * _DAY)
    told = world.producer.post([*taken, refused])
    world.producer.settle()
    verdicts = [(each["status"], each.get("field")) for each in told.results]
    expected = [("accepted", None), ("rejected", "InvoiceDate")]
    require(verdicts == expected, f"the API answered {verdicts}")
    world.load(today + _DAY)
    world.poison(sent(refused))
    return "tomorrow is accepted; the day after is rejected for InvoiceDate"


@fault(GROUP)
def the_last_and_the_first_minute(world: SystemUnderTest) -> str:
    """Events of 23:59 and of 00:00 belong to two days."""
    first, second = world.two_days()
    world.deliver(
        world.batch(
            world.events(first, 2, InvoiceDate=moment(first, "23:59"))
            + world.events(second, 3, InvoiceDate=moment(second, "0:00"))
        )
    )
    world.load(first, second)
    rows = world.held(first).rows, world.held(second).rows
    require(rows == (2, 3), f"the days have {rows} rows, not 2 and 3")
    return "each on its own day"


@fault(GROUP)
def the_clocks_go_forward(world: SystemUnderTest) -> str:
    """An event of 01:30 on a day without that time (start of summer time) belongs to that day."""
    return _half_past_one(world, _SPRING)


@fault(GROUP)
def the_clocks_go_back(world: SystemUnderTest) -> str:
    """Events of 01:30 on a day with that time twice (end of summer time) belong to that day."""
    return _half_past_one(world, _AUTUMN)


@fault(GROUP)
def an_empty_day(world: SystemUnderTest) -> str:
    """A day without events is loaded: 0 rows are published as version 1, once."""
    day = world.day()
    world.load(day)
    world.must_be_version(day, 1)
    require(load.publish(world.warehouse, world.lake, [day]) == {}, "it was published twice")
    world.must_hold(day, Totals())
    return "0 rows, version 1"


@fault(GROUP)
def a_late_event(world: SystemUnderTest) -> str:
    """Events arrive after their day was published: the day is replaced whole, as version 2."""
    day, before = world.loaded_day()
    world.arrive(day, 1)
    partition.build(world.lake, day)
    (entry,) = load.publish(world.warehouse, world.lake, [day]).values()
    found = (entry.version, entry.cause, entry.rows_before, entry.change.added)
    expected = (2, "late", before.rows, 1)
    require(found == expected, f"the ledger has {found}, not {expected}")
    return f"version 2, late: {before.rows} rows and 1"


def _half_past_one(world: SystemUnderTest, day: date) -> str:
    world.touch(day)
    world.deliver(world.batch(world.events(day, 2, InvoiceDate=moment(day, "1:30"))))
    world.load(day)
    rows = world.warehouse.query(
        f"select distinct invoice_time from {load.FACT} where invoice_date = %s",  # noqa: S608
        [day],
    )
    times = [f"{time}" for (time,) in rows]
    require(times == [f"{day} 01:30:00"], f"the times of {day} are {times}")
    return f"01:30 of {day} is 01:30 of {day}"
