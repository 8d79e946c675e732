"""Another shop than the default one: its zone, currency and first day, from API to Tableau."""

import json
import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ecom_pipeline import operations
from ecom_pipeline.bi.report import sales
from ecom_pipeline.bi.tableau import source, workbook
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.zones import zone
from ecom_pipeline.health import access, facts
from ecom_pipeline.lake import partition
from ecom_pipeline.orchestration import schedules
from ecom_pipeline.realtime import query, store
from ecom_pipeline.values import currency
from ecom_pipeline.warehouse import connect, load, marts, migrations
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline.warehouse.shop_record import ShopChangedError
from ecom_pipeline_tests.builders import accepted, on, stream_of

pytestmark = pytest.mark.usefixtures("functions", "redshift")

NBSP = "\N{NO-BREAK SPACE}"
SHOPS = [
    pytest.param("Asia/Tokyo", "JPY", "¥38", "¥", id="Tokyo"),
    pytest.param("Asia/Kuwait", "KWD", f"KWD{NBSP}37.875", f"KWD{NBSP}", id="Kuwait"),
    pytest.param("Europe/London", "GBP", "£37.875", "£", id="London"),
]
PRICES = {"JPY": "19", "KWD": "18.9375", "GBP": "18.9375"}


def fill(configured, day, *events):
    """Store events in both stores, as the functions and a load do, for this shop."""
    lake, warehouse = connect.lake(configured), connect.warehouse(configured)
    store.handler(stream_of(*events))
    lake.raw.write_records(keys.raw_key(day, "0", "1", "1"), map(accepted, events))
    partition.build(lake, day)
    migrations.migrate(warehouse)
    load.publish(warehouse, lake, [day])
    marts.refresh(warehouse, MARTS)
    return warehouse


def asked(route, **path):
    claims = {"token_use": "id", "cognito:groups": "staff"}
    request = {"resource": route, "pathParameters": path}
    return json.loads(
        query.handler(request | {"requestContext": {"authorizer": {"claims": claims}}})["body"]
    )


@pytest.mark.parametrize(("name", "code", "total", "prefix"), SHOPS)
def test_a_shops_currency_reaches_the_api_the_marts_the_report_and_tableau(
    redshift, day, monkeypatch, name, code, total, prefix
):
    monkeypatch.setenv("TIME_ZONE", name)
    monkeypatch.setenv("CURRENCY", code)
    configured = replace(redshift, time_zone=zone(name), currency=currency(code))
    number = f"7{day:%y%m%d}"
    sold = on(
        day, event_id=number, InvoiceNo=number, Quantity=2, UnitPrice=PRICES[code], CustomerID="171"
    )
    warehouse = fill(configured, day, sold)
    invoice = asked("/invoices/{no}", no=number)
    amount = Decimal(invoice["total"])
    assert (invoice["currency"], currency(code).text(amount)) == (code, total)
    assert asked("/customers/{id}/items", id="171")["currency"] == code
    assert warehouse.query("select currency, revenue from sales.data_trust") == [(code, amount)]
    page = sales.render(sales.read(warehouse), configured.currency)
    assert f"adjustments, in {code}." in page
    assert total in page.replace("<small>", "").replace("</small>", "")
    assert set(re.findall(r"[£¥]|KWD(?=\s)", page.split("<script")[0])) == {prefix.strip()}
    made = workbook.files(source.redshift("host", 5439, "sales"), configured.currency)
    formats = {
        found
        for content in made.values()
        for found in re.findall(
            r'default-format="(c[^ ]*?)"', content.decode().replace("\xa0", "_")
        )
    }
    symbol = prefix.replace(NBSP, "_")
    assert formats == {f"c&quot;{symbol}&quot;#,##0;-&quot;{symbol}&quot;#,##0"}


def test_a_zone_or_a_currency_changed_after_a_load_is_refused_and_told(redshift, day):
    warehouse = fill(redshift, day, on(day, event_id=f"{day}"))
    assert access._shop(redshift).state == "ok"
    assert facts.warehouse(redshift)["settings_changed"] is None
    lake = connect.lake(redshift)
    for other, names in (
        (replace(redshift, time_zone=zone("Asia/Tokyo")), ["ECOM_TIME_ZONE"]),
        (replace(redshift, currency=currency("JPY")), ["ECOM_CURRENCY"]),
        (
            replace(redshift, currency=currency("KWD"), time_zone=zone("Asia/Kuwait")),
            ["ECOM_TIME_ZONE", "ECOM_CURRENCY"],
        ),
    ):
        found = access._shop(other)
        assert found.state == "missing"
        assert [name for name in names if f"{name} is" in found.found] == names
        assert names[0] in str(facts.warehouse(other)["settings_changed"])
        with pytest.raises(ShopChangedError, match=f"{names[0]} is .*ecom sql"):
            load.publish(connect.warehouse(other), lake, [day])
    accepted_by_hand = re.search(r'ecom sql "(.*?)"', access._shop(other).todo)
    assert accepted_by_hand
    with warehouse.session() as session:
        session.run("update sales.shop set time_zone = 'Asia/Kuwait', currency = 'KWD'")
        session.commit()
    assert access._shop(other).state == "ok"
    assert load.publish(connect.warehouse(other), lake, [day]) == {}


def test_a_first_day_after_a_loaded_one_is_told_and_an_earlier_one_is_adopted(redshift, day):
    fill(redshift, day, on(day, event_id=f"{day}"))
    later = replace(redshift, first_day=day + timedelta(days=1))
    found = access._shop(later)
    assert (found.state, f"ECOM_FIRST_DAY is {later.first_day}" in found.found) == ("warning", True)
    earlier = replace(redshift, first_day=date(2009, 6, 1))
    assert access._shop(earlier).state == "warning"
    load.publish(connect.warehouse(earlier), connect.lake(earlier), [day])
    assert access._shop(earlier).state == "ok"


def test_before_a_load_any_shop_may_be_set(redshift, day):
    other = replace(redshift, time_zone=zone("Asia/Tokyo"))
    assert (
        access._shop(other).found.endswith("nothing is loaded yet")
        or access._shop(other).state == "ok"
    )


@pytest.mark.parametrize(
    ("name", "change", "hours"),
    [
        ("Europe/London", date(2026, 10, 25), 25),
        ("Europe/London", date(2026, 3, 29), 23),
        ("Asia/Tokyo", date(2026, 3, 29), 24),
    ],
)
def test_a_reconciliation_begins_where_yesterdays_ended_also_when_the_clocks_change(
    redshift, day, name, change, hours
):
    """In UTC a day of the shop has 23 to 25 hours."""
    import dagster as dg

    shop = replace(redshift.shop, time_zone=zone(name))
    warehouse = fill(redshift, day, on(day, event_id=f"{day}"))
    morning = datetime(change.year, change.month, change.day, 6, tzinfo=shop.time_zone)
    since = morning.astimezone(UTC) - timedelta(hours=hours)
    context = dg.build_schedule_context(scheduled_execution_time=morning.astimezone(UTC))
    for late, expected in ((-1, 0), (1, 1)):
        at = (since + timedelta(minutes=late)).replace(tzinfo=None)
        with warehouse.session() as session:
            session.run("update sales.load_ledger set published_at = %s", [at])
            session.commit()
        found = schedules.daily_reconciliation(context, warehouse, shop)
        assert isinstance(found, list) == bool(expected)


def test_a_day_is_over_when_the_shops_clock_says_so(redshift):
    """Two shops, 24 hours apart: a day that is over for one is not for the other."""
    east, west = (
        replace(redshift, time_zone=zone(name)) for name in ("Pacific/Kiritimati", "Etc/GMT+12")
    )
    yesterday_east = east.shop.today() - timedelta(days=1)
    operations.require_loadable(east, operations.DayRange(yesterday_east, yesterday_east))
    with pytest.raises(operations.DaysError, match="is not over"):
        operations.require_loadable(west, operations.DayRange(yesterday_east, yesterday_east))
    assert os.environ["TIME_ZONE"] == "Europe/London"
