"""Alarms of Dagster over the morning's runs: told once a cause, then CloudWatch's sign of life.

What provokes each alarm is in the drill's scenarios, which pipeline/test_drill.py runs.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ecom_pipeline.domain import keys
from ecom_pipeline.local.drill.inbox import Inbox
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.alarms import AGE, NAMESPACE, alarms
from ecom_pipeline.reconcile import connect as compared
from ecom_pipeline.reconcile.compare import reconcile
from ecom_pipeline.reconcile.repair import repair
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import accepted, on

pytestmark = pytest.mark.usefixtures("redshift")

CUSTOMER = "98765432123"


@pytest.fixture
def inbox(aws, instance):
    return Inbox(aws, instance)


def arrive(lake, day, *events, name="1"):
    now = datetime.now(UTC)
    records = [accepted(on(day, CustomerID=CUSTOMER, **event), now) for event in events]
    lake.raw.write_records(keys.raw_key(day, "0", name, name), records)


def put_right(inbox, day):
    """Do what `ecom reconcile --repair` does with the stores, without its record."""
    configured = inbox.settings
    found = reconcile(compared.stores(configured), day, day, compared.watermark(configured))
    repair(compared.writable(configured), found.wrong)


def change_fact(inbox, day):
    with connect.warehouse(inbox.settings).session() as session:
        session.run(
            "update sales.fact_invoice_lines set amount = amount + 1 where invoice_date = %s", [day]
        )
        session.commit()


def test_a_fact_row_changed_by_hand_is_told_once_until_it_is_put_right(inbox, lake):
    now = datetime.now(UTC)
    day = inbox.settings.shop.today() - timedelta(days=1)
    arrive(lake, day, {"event_id": f"{day}-1"})
    assert inbox.run(requests.LOAD_DAYS, day)
    put_right(inbox, day)  # DynamoDB, to which no function wrote
    assert inbox.morning(now) == []
    change_fact(inbox, day)
    (told,) = inbox.morning(now)
    for expected in ("StoresDiffer", str(day), f"fact: event {day}-1 changed", "First look: "):
        assert expected in told
    assert f"Put it right: ecom reconcile {day} --repair" in told
    assert CUSTOMER not in told
    for later in (1, 2):  # mornings before which no version was published
        assert inbox.morning(now + timedelta(days=later)) == []
    put_right(inbox, day)
    change_fact(inbox, day)  # before anybody has looked: a version was published meanwhile
    (again,) = inbox.morning(now)
    assert f"fact: event {day}-1 changed" in again
    put_right(inbox, day)
    assert inbox.morning(now) == []


def test_a_warning_of_a_run_that_succeeded_is_told_with_its_day(inbox, lake, days):
    *weeks, unusual = days(29)[::7]
    for day in weeks:
        arrive(lake, day, {"event_id": f"{day}-1"})
        assert inbox.run(requests.LOAD_DAYS, day)
    inbox.news()
    arrive(lake, unusual, *({"event_id": f"{unusual}-{n}"} for n in range(5)))
    assert inbox.run(requests.LOAD_DAYS, unusual)
    (told,) = inbox.news()
    for expected in ("CheckFailed", f"{unusual}: 5 x rows", f"ecom reconcile {unusual}"):
        assert expected in told
    assert inbox.run(requests.LOAD_DAYS, weeks[0])  # another day's check passes
    assert inbox.run(requests.LOAD_DAYS, unusual)
    assert inbox.news() == []


def test_a_message_that_could_not_be_published_is_sent_by_the_next_tick(inbox):
    inbox.run(requests.CHECK_STATE)  # of a shop of which no day is published
    right = inbox.settings
    inbox.settings = replace(right, alarm_topic=f"{right.alarm_topic}-gone")
    assert inbox.news() == []
    assert inbox.news() == []  # a tick that fails would keep no cursor, and forget the message
    inbox.settings = right
    (told,) = inbox.news()
    assert "LoadsLate" in told
    assert inbox.news() == []


def test_cloudwatch_sees_how_long_ago_the_state_was_checked(aws, inbox):
    inbox.run(requests.CHECK_STATE)
    inbox.news()
    now = datetime.now(UTC)
    found = connect.client(aws, "cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=AGE,
        Dimensions=[{"Name": "stage", "Value": aws.environment}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600,
        Statistics=["Maximum"],
    )
    assert all(0 <= each["Maximum"] < 1 for each in found["Datapoints"])
    assert found["Datapoints"]


def test_nothing_is_published_where_there_is_no_topic(aws):
    alarms(aws).notify("subject", "message")
    alarms(aws).report_age(1.0)
