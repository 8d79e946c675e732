"""The running day: loaded while it moves, then once more as over; equal to one load at its end."""

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from ecom_pipeline.bi import marts as bi
from ecom_pipeline.bi.report import sales
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.currency import POUND
from ecom_pipeline.domain.running import RunningDays
from ecom_pipeline.domain.zones import LONDON
from ecom_pipeline.lake import partition
from ecom_pipeline.orchestration import running
from ecom_pipeline.warehouse import ledger, load, marts, plan, quality, sweep
from ecom_pipeline.warehouse.gate import ApprovalRequiredError, Gate
from ecom_pipeline.warehouse.mart_list import DAILY_SALES, DATA_TRUST, MARTS
from ecom_pipeline_tests.builders import accepted, on

pytestmark = pytest.mark.usefixtures("redshift")

IN_FLIGHT = timedelta(minutes=15)
LOADS = 10


@dataclass
class Clock:
    """A clock that a test sets; it is asked for the present moment."""

    now: datetime

    def __call__(self):
        return self.now


@pytest.fixture
def clock(day):
    return Clock(datetime.combine(day, time(9), LONDON).astimezone(UTC))


@pytest.fixture
def moving(lake, clock):
    """Return the lake with the option on: days are over by the test's clock."""
    rule = RunningDays(time_zone=LONDON, in_flight=IN_FLIGHT, clock=clock)
    return replace(lake, running=rule)


def arrive(lake, day, number, lines=7):
    """Put an object of events into the raw lake; the last event comes again with the next."""
    events = [
        on(
            day,
            event_id=f"{day}-{n}",
            InvoiceNo=f"{n // lines}",
            CustomerID=f"1{n // lines}",
            UnitPrice=2.5 + n % lines,
        )
        for n in range(number * lines, (number + 1) * lines + 1)
    ]
    name = f"{number:03}"
    lake.raw.write_records(keys.raw_key(day, "0", name, name), [accepted(each) for each in events])


def one_load(warehouse, lake, day):
    manifest = partition.build(lake, day)
    entry = load.publish(warehouse, lake, [day])[day]
    marts.refresh(warehouse, MARTS)
    return manifest, entry


def content(warehouse, day):
    """Return all rows of the day and of the marts."""
    rows = warehouse.query(f"select * from {load.FACT} where invoice_date = %s order by 1", [day])
    return rows, {name: table.rows for name, table in bi.read(warehouse, MARTS).items()}


class Reader:
    """A person who asks for the day's figures again and again, in one transaction each time."""

    def __init__(self, warehouse, day):
        self.warehouse, self.day = warehouse, day
        self.seen = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _ask(self):
        with self.warehouse.session() as session:
            while not self._stop.is_set():
                fact = session.rows(
                    f"select count(*), sum(amount) from {load.FACT} where invoice_date = %s",
                    [self.day],
                )
                mart = session.rows(
                    "select lines, net from marts.daily_sales where invoice_date = %s", [self.day]
                )
                session.commit()
                figures = [(int(n or 0), Decimal(total or 0)) for n, total in [*fact, *mart]]
                self.seen.append((figures[0], figures[1] if mart else (0, Decimal(0))))


def test_loaded_ten_times_while_it_moves_and_once_at_its_end_it_is_as_loaded_once(
    warehouse, lake, moving, clock, day
):
    causes, untils = [], []
    with Reader(warehouse, day) as reader:
        for number in range(LOADS):
            arrive(lake, day, number)
            clock.now += timedelta(minutes=30)
            manifest, entry = one_load(warehouse, moving, day)
            assert manifest.running_until == entry.running_until == clock.now
            causes.append(entry.cause)
            untils += [row[-1] for row in bi.read(warehouse, [DAILY_SALES])["daily_sales"].rows]
        arrive(lake, day, LOADS)
        clock.now = moving.running.over_at(day)
        manifest, entry = one_load(warehouse, moving, day)
    assert causes == ["first", *["running"] * (LOADS - 1)]
    assert untils == [
        datetime.combine(day, time(9)) + timedelta(minutes=30 * n) for n in range(1, 11)
    ]
    assert (manifest.running_until, entry.running_until, entry.cause) == (None, None, "over")
    for earlier, later in zip(reader.seen, reader.seen[1:], strict=False):
        assert all(before <= now for before, now in zip(earlier, later, strict=True))
    assert len({fact for fact, _ in reader.seen}) >= LOADS  # it saw the day grow

    moved = content(warehouse, day), manifest
    with warehouse.session() as session:
        for table in (load.FACT, "sales.load_ledger", "sales.csv_rules", "marts.builds"):
            session.run(f"delete from {table}")
        session.commit()
    lake.csv.remove([keys.manifest_key(day), *lake.csv.part_keys(day)])
    once, entry = one_load(warehouse, lake, day)  # the option is off
    assert entry.cause == "first"
    assert (content(warehouse, day), once) == moved
    assert once.totals.rows == 7 * (LOADS + 1) + 1


@pytest.mark.parametrize(
    ("listed", "is_over"),
    [
        ((0, 23, 58), False),  # a load that ends at 00:03
        ((1, 0, 3), False),  # what was accepted at 23:59 may not be in the lake yet
        ((1, 0, 14, 59), False),
        ((1, 0, 15), True),
    ],
)
def test_a_day_is_over_only_if_it_was_listed_after_its_end_and_the_events_in_flight(
    warehouse, moving, clock, day, listed, is_over
):
    days, *at = listed
    clock.now = datetime.combine(day + timedelta(days=days), time(*at), LONDON).astimezone(UTC)
    planned_at = clock.now
    arrive(moving, day, 1)
    read = moving.raw.objects_of

    class Slow(type(moving.raw)):
        def objects_of(self, day):
            found = read(day)
            clock.now += timedelta(minutes=20)  # however long it takes from the listing on
            return found

    slow = replace(moving, raw=Slow(moving.raw.s3, moving.raw.name))
    _, entry = one_load(warehouse, slow, day)
    assert entry.running_until == (None if is_over else planned_at)
    assert running.due(moving, moving.running) == ([] if is_over else [day])
    _, entry = one_load(warehouse, moving, day) if not is_over else (None, entry)
    assert entry.running_until is None
    assert running.due(moving, moving.running) == []


def test_a_day_without_new_objects_is_not_due_until_it_is_over(warehouse, moving, clock, day):
    assert running.due(moving, moving.running) == []
    arrive(moving, day, 1)
    assert running.due(moving, moving.running) == [day]
    one_load(warehouse, moving, day)
    assert running.due(moving, moving.running) == []
    arrive(moving, day, 2)
    assert running.due(moving, moving.running) == [day]
    one_load(warehouse, moving, day)
    arrive(moving, day + timedelta(days=1), 1)
    clock.now = moving.running.over_at(day) - timedelta(seconds=1)
    assert running.due(moving, moving.running) == [day + timedelta(days=1)]
    clock.now += timedelta(seconds=1)
    assert running.due(moving, moving.running) == [day, day + timedelta(days=1)]
    version = one_load(warehouse, moving, day)[1]
    assert (version.cause, version.change.added, version.running_until) == ("over", 0, None)


def test_the_morning_after_finds_a_day_that_nobody_loaded_as_over(warehouse, moving, clock, day):
    arrive(moving, day, 1)
    one_load(warehouse, moving, day)
    after = day + timedelta(days=1)
    assert sweep.published(moving, warehouse, day) is None
    assert (
        "it was not over when it was loaded, at 09:00 UTC"
        in sweep.behind(moving, warehouse, after).values()
    )
    with warehouse.session() as session:
        assert quality.not_loaded(moving, session, after) == []  # it is due this morning
        assert quality.not_loaded(moving, session, after + timedelta(days=1)) == [day]
    clock.now = moving.running.over_at(day)
    one_load(warehouse, moving, day)
    assert sweep.published(moving, warehouse, day)
    assert sweep.behind(moving, warehouse, after) == {}


def test_what_a_moving_day_gets_needs_no_approval_but_what_it_loses_does(warehouse, moving, day):
    limit = Gate(Decimal("0.2"))
    for number in (1, 2):
        arrive(moving, day, number)
        partition.build(moving, day)
        load.publish(warehouse, moving, [day], gate=limit)
    moving.raw.remove([found.key for found in moving.raw.objects_of(day)[1:]])
    partition.build(moving, day)
    with pytest.raises(ApprovalRequiredError, match="7 removed"):
        load.publish(warehouse, moving, [day], gate=limit)


def test_a_plan_shows_the_moment_and_that_the_mark_would_go(warehouse, moving, clock, day):
    arrive(moving, day, 1)
    assert plan.make(warehouse, moving, [day]).days[day].running_until == clock.now
    one_load(warehouse, moving, day)
    assert plan.make(warehouse, moving, [day]).days == {}
    clock.now = moving.running.over_at(day)
    (entry,) = plan.make(warehouse, moving, [day]).days.values()
    assert (entry.cause, entry.running_until, entry.change.added) == ("over", None, 0)


def test_people_read_until_when_the_last_day_is_and_nothing_of_it_once_it_is_over(
    warehouse, moving, clock, day
):
    clock.now = datetime.combine(day, time(14, 35), LONDON).astimezone(UTC)
    arrive(moving, day, 1)
    one_load(warehouse, moving, day)
    (trust,) = bi.read(warehouse, [DATA_TRUST])["data_trust"].records()
    assert trust["running_until"] == datetime.combine(day, time(14, 35))
    assert trust["days_unreconciled"] == 0  # it is compared once it is over
    page = sales.render(sales.read(warehouse), POUND)
    assert "the last day is not over: until 14:35" in page
    assert f"{day.year} until 14:35" in page
    clock.now = moving.running.over_at(day)
    one_load(warehouse, moving, day)
    (trust,) = bi.read(warehouse, [DATA_TRUST])["data_trust"].records()
    assert (trust["running_until"], trust["days_unreconciled"]) == (None, 1)
    assert "until 14:35" not in sales.render(sales.read(warehouse), POUND)
    assert warehouse.query("select * from sales.restatements") == []


def test_a_moving_day_is_of_no_unusual_volume_before_its_end(warehouse, moving, clock, day):
    weeks = [day - timedelta(weeks=n) for n in range(1, 5)]
    for each in weeks:
        arrive(moving, each, 1, lines=99)
        partition.build(moving, each)
    arrive(moving, day, 1)
    partition.build(moving, day)
    load.publish(warehouse, moving, [*weeks, day])
    with warehouse.session() as session:
        assert ledger.running(session) == {day: clock.now}
        assert quality.unusual_volumes(session, [day]) == []
    clock.now = moving.running.over_at(day)
    one_load(warehouse, moving, day)
    with warehouse.session() as session:
        assert [each.day for each in quality.unusual_volumes(session, [day])] == [day]
