"""The running day in Dagster and in the comparison of stores, by the real clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from ecom_pipeline import definitions, operations
from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.zones import zone
from ecom_pipeline.lake import partition
from ecom_pipeline.orchestration import checks, requests, running
from ecom_pipeline.orchestration.keys import FACT_LINES
from ecom_pipeline.realtime import archive, store
from ecom_pipeline.reconcile import connect as proof
from ecom_pipeline.reconcile.compare import reconcile
from ecom_pipeline.warehouse import connect, load
from ecom_pipeline_tests.builders import accepted, kinesis_event, on

pytestmark = pytest.mark.usefixtures("redshift")


@pytest.fixture
def intraday(aws):
    """Return settings with the option on, of a shop whose clock shows about noon."""
    hours = 12 - datetime.now(UTC).hour
    noon = zone(f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT")  # POSIX: west is positive
    return replace(aws, intraday_minutes=30, time_zone=noon)


def arrive(lake, day, name):
    event = on(day, event_id=f"{day}-{name}", InvoiceNo=name)
    lake.raw.write_records(keys.raw_key(day, "0", name, name), [accepted(event, datetime.now(UTC))])


def tick(configured, instance) -> Any:
    context = dg.build_sensor_context(instance=instance)
    return running.running_day(context, connect.lake(configured), configured.shop)


def days_of(found):
    assert isinstance(found, dg.SensorResult), found
    return [each.partition_key for each in found.run_requests or ()]


def run(configured, instance, day):
    job = definitions.build(configured).resolve_job_def(requests.LOAD_DAYS)
    tags = requests.range_tags(DayRange(day, day))
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def shown(instance, day):
    wanted = dg.AssetRecordsFilter(FACT_LINES, asset_partitions=[day.isoformat()])
    (record,) = instance.fetch_materializations(wanted, limit=1).records
    return {name: value.value for name, value in record.asset_materialization.metadata.items()}


def test_today_is_asked_for_loaded_and_shown_with_the_moment(intraday, instance):
    lake, today = connect.lake(intraday), intraday.shop.today()
    assert isinstance(tick(intraday, instance), dg.SkipReason)
    for number, cause in enumerate(("first", "running"), 1):
        arrive(lake, today, f"{number}")
        assert days_of(tick(intraday, instance)) == [today.isoformat()]
        began = datetime.now(UTC).replace(microsecond=0)
        result = run(intraday, instance, today)
        assert result.success
        assert all(each.passed for each in result.get_asset_check_evaluations())
        facts = shown(instance, today)
        assert (facts["cause"], facts["dagster/partition_row_count"]) == (cause, number)
        until = operations.running_until(intraday, today)
        assert until is not None
        assert began <= until <= datetime.now(UTC)
        assert until.utcoffset() == datetime.now(intraday.time_zone).utcoffset()
        assert facts["running_until"] == f"{until.astimezone(UTC)} UTC"
        assert isinstance(tick(intraday, instance), dg.SkipReason)


def test_today_is_not_asked_for_again_while_a_run_of_it_waits(intraday, instance):
    lake, today = connect.lake(intraday), intraday.shop.today()
    arrive(lake, today, "1")
    job = definitions.build(intraday).resolve_job_def(requests.LOAD_DAYS)
    tags = {requests.PARTITION: today.isoformat()}
    instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.NOT_STARTED)
    assert isinstance(tick(intraday, instance), dg.SkipReason)


def yesterday_is_published(configured, instance):
    job = definitions.build(configured).resolve_job_def(requests.CHECK_STATE)
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    (found,) = (
        each for each in result.get_asset_check_evaluations() if each.check_name == checks.YESTERDAY
    )
    return found.passed


def test_yesterday_is_not_published_by_a_load_before_its_end(intraday, instance):
    lake, warehouse = connect.lake(intraday), connect.warehouse(intraday)
    yesterday = intraday.shop.today() - timedelta(days=1)
    arrive(lake, yesterday, "1")
    assert lake.running is not None
    evening = lake.running.over_at(yesterday) - timedelta(hours=1)
    then = replace(lake, running=replace(lake.running, clock=lambda: evening))
    for each, is_published in ((then, False), (lake, True)):
        partition.build(each, yesterday)
        load.publish(warehouse, each, [yesterday])
        assert yesterday_is_published(intraday, instance) == is_published


def deliver(day, number, received):
    event = on(day, event_id=f"{day}-{number}", InvoiceNo=f"{number}")
    records = [envelope.encode(accepted(event, received))]
    archive.handler(kinesis_event(records, first=number))
    assert store.handler(kinesis_event(records, first=number)) == {"batchItemFailures": []}


def compared(configured, day):
    return reconcile(proof.stores(configured), day, day, proof.watermark(configured))


@pytest.mark.usefixtures("functions")
def test_what_came_after_the_last_load_of_a_running_day_is_no_difference(intraday):
    lake, today = connect.lake(intraday), intraday.shop.today()
    warehouse = connect.warehouse(intraday)
    now = datetime.now(UTC)
    deliver(today, 1, now - timedelta(hours=2))
    partition.build(lake, today)
    load.publish(warehouse, lake, [today])
    assert compared(intraday, today).findings == []
    deliver(today, 2, datetime.now(UTC) + timedelta(seconds=1))  # after the load's listing
    found = compared(intraday, today)
    assert (found.differences, found.wrong) == ([], [])
    assert {each.event_id for each in found.in_flight} == {f"{today}-2"}
    deliver(today, 3, now - timedelta(hours=1))  # before the load: it should have been in the lake
    found = compared(intraday, today)
    assert {(each.event_id, each.store) for each in found.wrong} == {
        (f"{today}-3", "CSV"),
        (f"{today}-3", "fact"),
    }
    partition.build(lake, today)
    load.publish(warehouse, lake, [today])
    assert compared(intraday, today).findings == []
    with warehouse.session() as session:
        session.run(f"update {load.FACT} set quantity = 60 where event_id = '{today}-1'")
        session.commit()
    assert [each.event_id for each in compared(intraday, today).wrong] == [f"{today}-1"]
