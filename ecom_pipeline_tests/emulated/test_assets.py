"""The Dagster project on a real instance: runs, metadata, retries and failures."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest

from ecom_pipeline import definitions
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.lake import identity, partition
from ecom_pipeline.orchestration import checks, requests, runs
from ecom_pipeline.orchestration.keys import CATALOG_CSV, CSV_LINES, FACT_LINES, RAW_EVENTS
from ecom_pipeline.orchestration.sensors import other_days_of_failed_loads
from ecom_pipeline.warehouse import connect, load
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline_tests.builders import accepted, on

pytestmark = pytest.mark.usefixtures("redshift")


def arrive(lake, day, *events, name="1"):
    lake.raw.write_records(
        keys.raw_key(day, "0", name, name), [accepted(on(day, **event)) for event in events]
    )


def run(aws, instance, first, last=None, **more):
    """Run the job as the UI does for a range, and return its result."""
    job = definitions.build(aws).resolve_job_def(requests.LOAD_DAYS)
    return job.execute_in_process(
        instance=instance,
        tags=requests.range_tags(DayRange(first, last or first)),
        raise_on_error=False,
        **more,
    )


def shown(instance, key, day=None):
    """Return the metadata of an asset's newest materialization, as the UI shows it."""
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(key, asset_partitions=[day.isoformat()]) if day else key, limit=1
    )
    metadata = found.records[0].asset_materialization.metadata
    return {name: value.value for name, value in metadata.items()}


def evaluations(result):
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def why(result, step) -> str:
    """Return what a step that failed says of it."""
    (event,) = [e for e in result.get_step_failure_events() if e.step_key == step]
    said = event.step_failure_data.user_failure_data
    assert said is not None
    return said.description


def test_a_day_shows_what_a_person_wants_to_know(aws, instance, lake, day):
    arrive(lake, day, {"event_id": f"{day}a"}, {"event_id": f"{day}b", "Quantity": -1})
    arrive(lake, day, {"event_id": f"{day}a"}, name="2")
    result = run(aws, instance, day)
    assert result.success
    raw, csv, fact = (shown(instance, key, day) for key in (RAW_EVENTS, CSV_LINES, FACT_LINES))
    assert raw["objects"] == 2
    assert raw["dagster/uri"].endswith(keys.raw_prefix(day))
    assert (csv["dagster/partition_row_count"], csv["redelivered"], csv["quarantined"]) == (2, 1, 0)
    assert (csv["pieces"], csv["revenue"], csv["revenue_exact"]) == (5, 12.75, "12.7500")
    assert csv["seconds"] > 0
    assert "2 s3 PutObject" in csv["requests_made"]  # the part and the manifest
    assert 0 < csv["estimated_cost_usd"] < 0.001
    assert "| event_id |" in csv["preview"]
    assert (fact["version"], fact["cause"], fact["rows_added"]) == (1, "first", 2)
    assert "copy stage_invoice_lines" in fact["copy"]
    assert fact["dagster/row_count"] == 2
    assert "s3 GetObject" in fact["requests_made"]
    assert fact["requests"] > 0
    assert 0.05 <= fact["estimated_cost_usd"] < 1  # a minute of Redshift's eight RPUs, and some S3
    found = evaluations(result)
    assert {each.name for each in checks.SPECS} <= found.keys()
    blocking = [each for each in found.values() if each.severity == dg.AssetCheckSeverity.ERROR]
    assert all(each.passed for each in blocking)
    assert all(
        any(isinstance(v.value, int | float) for v in each.metadata.values())
        for each in found.values()
    )


def test_no_metadata_of_any_asset_names_a_customer(aws, instance, lake, day):
    customer = "98765432123"
    returned = {"InvoiceNo": "C1", "Quantity": -1}
    same = {"CustomerID": customer}
    arrive(lake, day, {"event_id": f"{day}a"} | same, {"event_id": f"{day}b"} | same | returned)
    result = run(aws, instance, day)
    assert result.success
    logs = [record.user_message for record in instance.all_logs(result.run_id)]
    events = [str(record.dagster_event) for record in instance.all_logs(result.run_id)]
    assert events
    assert customer not in "".join([*logs, *events])


def test_a_closed_day_succeeds_and_says_so(aws, instance, day):
    assert run(aws, instance, day).success
    for key in (CSV_LINES, FACT_LINES):
        metadata = shown(instance, key, day)
        assert metadata["dagster/partition_row_count"] == 0
        assert metadata["note"].startswith("closed")


def test_a_range_and_its_days_leave_the_same(aws, instance, lake, days):
    days = days(3)
    for each in days:
        arrive(lake, each, {"event_id": f"{each}a"}, {"event_id": f"{each}b", "Quantity": 2})
    assert run(aws, instance, days[0], days[-1]).success
    warehouse = connect.warehouse(aws)
    ranged = (
        [partition.committed(lake, each) for each in days],
        load.fact_totals(warehouse, days[0], days[-1]),
    )
    with warehouse.session() as session:
        for table in ("sales.fact_invoice_lines", "sales.load_ledger"):
            session.run(
                f"delete from {table} where invoice_date between %s and %s", [days[0], days[-1]]
            )
        session.commit()
    for each in days:
        assert run(aws, instance, each).success
    assert ranged == (
        [partition.committed(lake, each) for each in days],
        load.fact_totals(warehouse, days[0], days[-1]),
    )


def test_bad_data_fails_at_once_and_keeps_what_was_done(aws, instance, lake, days):
    days = days(2)
    for each in days:
        arrive(lake, each, {"event_id": f"{each}a"})
    (damaged,) = lake.raw.objects_of(days[1])
    lake.s3.put_object(
        Bucket=lake.raw.name, Key=damaged.key, Body=b"cut", Metadata={"sha256": "0", "rows": "1"}
    )
    result = run(aws, instance, *days)
    assert not result.success
    said = why(result, "csv_invoice_lines")
    assert "SHA-256" in said
    assert not [e for e in result.all_events if e.event_type_value == "STEP_UP_FOR_RETRY"]
    assert shown(instance, CSV_LINES, days[0])["dagster/partition_row_count"] == 1


def test_what_is_transient_is_tried_again(aws, instance, lake, day):
    """The first connections are refused, as by a warehouse that resumes."""
    arrive(lake, day, {"event_id": f"{day}a"})
    nowhere = replace(aws, redshift_port=1)
    result = run(nowhere, instance, day)
    assert not result.success
    again = [e for e in result.all_events if e.event_type_value == "STEP_UP_FOR_RETRY"]
    assert {e.step_key for e in again} == {"catalog_csv_invoice_lines", "fact_invoice_lines"}


def test_a_restatement_above_the_bound_waits_for_approval(aws, instance, lake, day):
    gated = replace(aws, load_bound=Decimal("0.1"))
    arrive(lake, day, {"event_id": f"{day}a"})
    assert run(gated, instance, day).success
    arrive(lake, day, {"event_id": f"{day}a", "Quantity": 7})
    result = run(gated, instance, day)
    said = why(result, "fact_invoice_lines")
    assert "1 changed of 1" in said
    approve = json.loads(said.partition("config ")[2].removesuffix("."))
    assert load.fact_totals(connect.warehouse(aws), day, day)[day].quantity == 6
    assert run(gated, instance, day, run_config=approve).success
    assert load.fact_totals(connect.warehouse(aws), day, day)[day].quantity == 7
    assert shown(instance, FACT_LINES, day)["cause"] == "correction"


def test_an_approval_by_command_is_recorded_with_who_gave_it(aws, instance, lake, day):
    gated = definitions.build(replace(aws, load_bound=Decimal("0.1")))
    arrive(lake, day, {"event_id": f"{day}a"})
    runs.run_days(gated, instance, day, day)
    arrive(lake, day, {"event_id": f"{day}a", "Quantity": 7})
    with pytest.raises(runs.RunFailedError) as held:
        runs.run_days(gated, instance, day, day)
    plan = str(held.value).partition("--approve ")[2].partition(",")[0]
    asked = requests.LoadRequest(by="ann, arn:aws:iam::1:user/ann", approve=plan)
    run_id = runs.run_days(gated, instance, day, day, asked)
    rows = connect.warehouse(aws).query(
        "select version, published_by, run_id, requested_by, approved_plan from sales.load_ledger"
        " where invoice_date = %s order by version",
        [day],
    )
    me = identity.caller(aws)
    assert me.endswith(":root") or ":user/" in me  # what the emulator's STS answers
    assert rows[0][1:2] + rows[0][3:] == (me, "Dagster's UI or API, without a login", None)
    assert rows[1] == (2, me, run_id, asked.by, plan)


def look(aws, instance, before=None):
    """Decide about the marts as the daemon does at a tick; `before` is the tick before it."""
    return dg.evaluate_automation_conditions(
        definitions.build(aws),
        instance,
        asset_selection=dg.AssetSelection.groups("marts"),
        cursor=before.cursor if before else None,
    )


def test_the_marts_follow_a_load(aws, instance, lake, day):
    arrive(lake, day, {"event_id": f"{day}a"})
    first = look(aws, instance)
    assert run(aws, instance, day).success
    second = look(aws, instance, first)
    third = look(aws, instance, second)
    assert [each.total_requested for each in (second, third)] == [len(MARTS), 0]
    runs.run_days(definitions.build(aws), instance, day, day)
    mart = shown(instance, dg.AssetKey(["marts", "daily_sales"]))
    assert mart["dagster/table_name"] == "marts.daily_sales"
    rows = connect.warehouse(aws).query(
        "select lines from marts.daily_sales where invoice_date = %s", [day]
    )
    assert rows == [(1,)]


def test_wrong_figures_never_reach_the_marts(aws, instance, lake, day):
    arrive(lake, day, {"event_id": f"{day}a"})
    assert run(aws, instance, day).success
    warehouse = connect.warehouse(aws)
    with warehouse.session() as session:
        session.run("update sales.fact_invoice_lines set amount = 1 where invoice_date = %s", [day])
        session.commit()
    before = look(aws, instance)
    result = run(aws, instance, day)  # the day matches the ledger
    assert not evaluations(result)[checks.EQUALS_CSV].passed
    assert str(day) in str(evaluations(result)[checks.EQUALS_CSV].metadata["what"].value)
    assert look(aws, instance, before).total_requested == 0
    with pytest.raises(runs.RunFailedError, match=f"{checks.EQUALS_CSV}: {day}"):
        runs.run_days(definitions.build(aws), instance, day, day)
    with warehouse.session() as session:
        session.run("delete from sales.load_ledger where invoice_date = %s", [day])
        session.commit()
    assert run(aws, instance, day).success


def test_the_catalog_is_there(aws, instance, lake, day):
    assert run(aws, instance, day).success
    assert shown(instance, CATALOG_CSV, day)["partitions"] == 1


def put_damaged(lake, day):
    key = keys.raw_key(day, "0", "9", "9")
    lake.s3.put_object(
        Bucket=lake.raw.name, Key=key, Body=b"cut", Metadata={"sha256": "0", "rows": "1"}
    )
    return key


def test_a_range_with_a_damaged_day_loads_the_others_and_names_that_day(aws, instance, lake, days):
    days = days(3)
    for each in days:
        arrive(lake, each, {"event_id": f"{each}a"})
    damaged = put_damaged(lake, days[1])
    with pytest.raises(runs.RunFailedError) as caught:
        runs.run_days(definitions.build(aws), instance, days[0], days[2])
    assert str(caught.value).startswith(f"{days[1]}: {damaged}")
    assert str(caught.value).count(str(days[1])) == 2
    facts = load.fact_totals(connect.warehouse(aws), days[0], days[2])
    assert {day: totals.rows for day, totals in facts.items()} == {days[0]: 1, days[2]: 1}
    rows = connect.warehouse(aws).query("select invoice_date from marts.daily_sales order by 1")
    assert rows == [(days[0],), (days[2],)]
    materialized = instance.get_materialized_partitions(FACT_LINES)
    assert materialized == {str(days[0]), str(days[2])}


def test_the_daemon_asks_for_the_other_days_of_a_load_that_failed(aws, instance, lake, days):
    days = days(4)
    for each in days:
        arrive(lake, each, {"event_id": f"{each}a"})
    put_damaged(lake, days[1])
    result = run(aws, instance, days[0], days[3])
    assert not result.success
    (failure,) = [e for e in result.all_events if e.event_type_value == "PIPELINE_FAILURE"]
    context = dg.build_run_status_sensor_context(
        sensor_name="other_days_of_failed_loads",
        dagster_instance=instance,
        dagster_run=instance.get_run_by_id(result.run_id),
        dagster_event=failure,
    ).for_run_failure()
    found: Any = other_days_of_failed_loads(context)
    tags = [
        each.tags | ({requests.PARTITION: each.partition_key} if each.partition_key else {})
        for each in found
    ]
    asked = [requests.days_of_tags(each) for each in tags]
    assert asked == [(days[0], days[0]), (days[2], days[3])]


def test_a_day_that_breaks_a_rule_keeps_its_version_in_fact_table_and_marts(
    aws, instance, lake, days
):
    """An invoice of two customers is accepted line by line, and seen when the day is loaded."""
    days = days(2)
    for each in days:
        arrive(lake, each, {"event_id": f"{each}a", "InvoiceNo": "7"})
    runs.run_days(definitions.build(aws), instance, *days)
    held = load.fact_totals(connect.warehouse(aws), *days)
    shop = "select * from marts.daily_sales order by 1"
    before = connect.warehouse(aws).query(shop)
    torn = {"InvoiceNo": "7", "CustomerID": 99999}
    arrive(lake, days[0], {"event_id": f"{days[0]}b"} | torn, name="2")
    arrive(lake, days[1], {"event_id": f"{days[1]}b", "InvoiceNo": "8"}, name="2")
    result = run(aws, instance, *days)
    assert not result.success
    check = evaluations(result)["every_invoice_has_one_owner"]
    assert not check.passed
    assert str(days[0]) in str(check.metadata["what"].value)
    assert str(days[0]) in why(result, "fact_invoice_lines")
    arrive(lake, days[1], {"event_id": f"{days[1]}c", "InvoiceNo": "9"}, name="3")
    runs.run_days(definitions.build(aws), instance, days[1], days[1])
    facts = load.fact_totals(connect.warehouse(aws), *days)
    assert facts[days[0]] == held[days[0]]
    assert facts[days[1]].rows == 3
    after = connect.warehouse(aws).query(shop)
    assert after[0] == before[0]
    assert after[1] != before[1]
    lake.raw.remove([keys.raw_key(days[0], "0", "2", "2")])  # put right
    runs.run_days(definitions.build(aws), instance, days[0], days[0])
