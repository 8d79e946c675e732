"""The report's asset: a valid page, written again after the marts or their checks."""

import dagster as dg
import pytest
import requests

from ecom_pipeline import definitions
from ecom_pipeline.bi.report import sales
from ecom_pipeline.bi.report.headlines import headlines
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.currency import POUND
from ecom_pipeline.orchestration import runs
from ecom_pipeline.orchestration.assets import bi
from ecom_pipeline.orchestration.keys import RECONCILED, SALES_REPORT
from ecom_pipeline.orchestration.resources import resources_for
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import accepted, on


@pytest.fixture
def instance(aws, redshift, day, instance):
    """Return an instance that has loaded a day: the marts are there, and their checks passed."""
    arrived = [accepted(on(day, event_id=f"{day}a", UnitPrice=1.2345))]
    connect.lake(aws).raw.write_records(keys.raw_key(day, "0", "1", "1"), arrived)
    runs.run_days(definitions.build(aws), instance, day, day)
    return instance


def test_the_asset_shows_the_headlines_and_links_to_a_page_that_opens(aws, instance):
    dg.materialize([bi.sales_report], instance=instance, resources=resources_for(aws))
    event = instance.get_latest_materialization_event(SALES_REPORT)
    shown = {name: each.value for name, each in event.asset_materialization.metadata.items()}
    page = requests.get(shown["page"], timeout=10)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(page.content) == shown["bytes"]
    for name, value, _ in headlines(sales.read(connect.warehouse(aws)), POUND):
        assert shown[name.lower()] == value
        whole, point, decimals = value.partition(".")
        assert f"<strong>{whole}<small>{point}{decimals}</small></strong>" in page.text


def test_it_is_made_anew_when_the_marts_are_or_what_reconciliation_says(aws, instance, day):
    built = definitions.build(aws)
    cursor = None

    def asked():
        nonlocal cursor
        found = dg.evaluate_automation_conditions(
            built, instance, asset_selection=dg.AssetSelection.assets(SALES_REPORT), cursor=cursor
        )
        cursor = found.cursor
        return found.total_requested

    assert [asked(), asked()] == [0, 0]
    runs.run_days(built, instance, day, day)
    assert [asked(), asked()] == [1, 0]
    instance.report_runless_asset_event(dg.AssetMaterialization(RECONCILED, partition=str(day)))
    assert [asked(), asked()] == [1, 0]
