"""The triggers of a load: sensor, daily load, sweep."""

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator

from ecom_pipeline import definitions
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.lake import partition
from ecom_pipeline.orchestration import requests, schedules
from ecom_pipeline.orchestration.keys import RAW_EVENTS
from ecom_pipeline.orchestration.schedules import daily_load, daily_sweep
from ecom_pipeline.orchestration.sensors import new_raw_objects
from ecom_pipeline.settings import LOCAL
from ecom_pipeline.warehouse import connect, load, sweep
from ecom_pipeline_tests.builders import accepted, on

pytestmark = pytest.mark.usefixtures("redshift")

LONDON = LOCAL.time_zone


@pytest.fixture
def queue(aws):
    """Return the queue of notifications, without the message by which S3 tries a new one."""
    found = connect.notifications(aws)
    forget(found)
    return found


def forget(queue):
    while messages := queue.receive(200):
        queue.delete([message.receipt for message in messages])


def arrive(lake, day, name="1"):
    lake.raw.write_records(
        keys.raw_key(day, "0", name, name), [accepted(on(day, event_id=f"{day}-{name}"))]
    )


def tick(instance, queue, cursor=None) -> Any:
    context = dg.build_sensor_context(
        instance=instance,
        cursor=cursor,
        resources={"raw_notifications": queue, "shop": LOCAL.shop},
    )
    return new_raw_objects(context)


def spans(found) -> list[requests.DayRange]:
    """Return the days of each run that is asked for, which it must have."""
    asked = found.run_requests if isinstance(found, dg.SensorResult) else found
    assert asked is not None
    return [span_of(each) for each in asked]


def span_of(request) -> requests.DayRange:
    partition_key = request.partition_key
    span = requests.days_of_tags(
        request.tags | ({requests.PARTITION: partition_key} if partition_key else {})
    )
    assert span is not None, request
    return span


def morning(schedule, at, instance, **resources) -> Any:
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at)
    return schedule(context, **({"shop": LOCAL.shop} | resources))


def test_a_tick_asks_for_just_the_days_of_new_objects_and_reports_them(instance, queue, lake, days):
    first, second, *_, last = days(6)
    days = [first, second, last]
    for each in days:
        arrive(lake, each)
    arrive(lake, LOCAL.shop.today())  # not over: tomorrow's daily load includes it
    arrive(lake, date(2009, 6, 1))  # before the first partition: a warning, no crash
    found = tick(instance, queue)
    assert spans(found) == [(days[0], days[1]), (days[2], days[2])]
    events = [(each.asset_key, each.partition) for each in found.asset_events]
    assert events == [(RAW_EVENTS, each.isoformat()) for each in days]
    assert found.asset_events[0].metadata["new_objects"].value == 1
    assert isinstance(tick(instance, queue, found.cursor), dg.SkipReason)


def test_a_day_that_a_waiting_run_has_is_not_asked_for_again(aws, instance, queue, lake, day):
    arrive(lake, day)
    job = definitions.build(aws).resolve_job_def(requests.LOAD_DAYS)
    tags = requests.range_tags(DayRange(day - timedelta(days=1), day))
    run = instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.NOT_STARTED)
    assert spans(tick(instance, queue)) == []
    instance.report_run_canceled(run)
    arrive(lake, day, name="2")
    assert spans(tick(instance, queue)) == [(day, day)]


def test_a_tick_costs_what_is_new_and_never_lists_the_lake(aws, instance, queue, lake, day):
    calls = []
    for client in (lake.s3, queue.sqs):
        client.meta.events.register("before-call", lambda model, **_: calls.append(model.name))
    arrive(lake, day)
    calls.clear()
    tick(instance, queue)
    assert set(calls) <= {"ReceiveMessage", "GetQueueUrl", "DeleteMessageBatch"}


def test_the_sweep_finds_what_lost_notifications_did_not_tell(
    instance, queue, lake, warehouse, days
):
    never, late, unpublished, right = days(4)
    for each in (never, late, unpublished, right):
        arrive(lake, each)
    for each in (late, unpublished, right):
        partition.build(lake, each)
    load.publish(warehouse, lake, [late, right])
    arrive(lake, late, name="2")
    forget(queue)
    assert isinstance(tick(instance, queue), dg.SkipReason)
    found = sweep.behind(lake, warehouse, LOCAL.shop.today())
    assert found.keys() == {never, late, unpublished}
    assert "never built" in found[never]
    assert "1 raw objects are not in its CSV" in found[late]
    assert "never published" in found[unpublished]
    asked = spans(
        morning(daily_sweep, datetime.now(LONDON), instance, lake=lake, warehouse=warehouse)
    )
    assert all(requests.is_waiting(each, asked) for each in found)
    assert not requests.is_waiting(right, asked)
    for each in found:
        partition.build(lake, each)
    load.publish(warehouse, lake, sorted(found))
    assert sweep.behind(lake, warehouse, LOCAL.shop.today()) == {}


def test_a_sweep_costs_the_same_whatever_the_history(lake, warehouse, days, monkeypatch):
    """With blocks of two days, of the history's many only its newest and a block are read."""
    monkeypatch.setattr(sweep, "RECENT_DAYS", 2)
    monkeypatch.setattr(sweep, "BLOCK_DAYS", 2)
    history = days(8)
    calls = Counter()
    lake.s3.meta.events.register(
        "before-call.s3", lambda model, **_: calls.update([model.name]), unique_id="count"
    )
    costs = []
    for count in (6, 8):
        for day in history[:count]:
            arrive(lake, day)
            partition.build(lake, day)
        load.publish(warehouse, lake, history[:count])
        calls.clear()
        assert sweep.behind_in_turn(lake, warehouse, LOCAL.shop.today()) == {}
        costs.append(dict(calls))
    lake.s3.meta.events.unregister("before-call.s3", unique_id="count")
    for each in costs:  # a listing of the days, and one or two of the ranges that they make up
        assert each["ListObjectsV2"] in {2, 3}
        assert each["GetObject"] == 4
    late = history[3]
    arrive(lake, late, name="2")
    mornings = [
        LOCAL.shop.today() + timedelta(days=n) for n in range(3)
    ]  # eight days are three blocks
    found = [sweep.behind_in_turn(lake, warehouse, each).keys() for each in mornings]
    assert sorted(map(len, found)) == [0, 0, 1]
    assert sweep.behind(lake, warehouse, LOCAL.shop.today()).keys() == {late}


def test_the_morning_asks_for_yesterday_until_it_is_loaded(instance, lake, warehouse, day):
    at = datetime(day.year, day.month, day.day, 3, tzinfo=LONDON) + timedelta(days=1)
    resources = {"lake": lake, "warehouse": warehouse}
    assert spans(morning(daily_load, at, instance, **resources)) == [(day, day)]
    partition.build(lake, day)  # an empty day
    load.publish(warehouse, lake, [day])
    skipped = morning(daily_load, at, instance, **resources)
    assert f"{day} is loaded: version 1, 0 rows" in skipped.skip_message
    arrive(lake, day)
    assert spans(morning(daily_load, at, instance, **resources)) == [(day, day)]


@pytest.mark.parametrize(
    "night", [date(2011, 3, 27), date(2011, 10, 30), date(2026, 3, 29), date(2026, 10, 25)]
)
def test_each_day_has_one_morning_when_the_clocks_change_too(instance, lake, warehouse, night):
    start = datetime(night.year, night.month, night.day, tzinfo=LONDON) - timedelta(days=1)
    schedule, *_ = schedules.of(LONDON)
    cron, zone = schedule.cron_schedule, schedule.execution_timezone
    assert (schedule.name, isinstance(cron, str)) == ("daily_load", True)
    ticks = list(islice(cron_string_iterator(start.timestamp(), str(cron), zone), 4))
    assert [each.astimezone(LONDON).strftime("%F %H:%M") for each in ticks] == [
        f"{night + timedelta(days=n)} 03:00" for n in range(-1, 3)
    ]
    resources = {"lake": lake, "warehouse": warehouse}
    asked = [spans(morning(daily_load, each, instance, **resources)) for each in ticks]
    days = [night + timedelta(days=n) for n in range(-2, 2)]
    assert asked == [[(each, each)] for each in days]
