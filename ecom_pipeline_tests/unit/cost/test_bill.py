"""cost.bill: units times prices, to the last digit, and the recorded measurement."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from click.testing import CliRunner

from ecom_pipeline.cli import ecom
from ecom_pipeline.cost import bill
from ecom_pipeline.cost.prices import Price, Prices, prices
from ecom_pipeline.cost.units import KEPT
from ecom_pipeline.cost.usage import INGEST_API, Load, Recorded, Usage, Way, recorded

MILLION = bill.MILLION


def price(usd, per=1):
    return Price(service="S", what="w", usd=Decimal(usd), per=per, source="https://example.com")


PRICED = Prices(
    region="us-east-1",
    currency="USD",
    read=date(2026, 11, 27),
    not_counted=(),
    units={
        "api_requests": price("3.50", MILLION),
        "lambda_requests": price("0.20", MILLION),
        "dynamodb_write_units": price("0.625", MILLION),
        "dynamodb_gb_months": price("0.25"),
        "dynamodb_recovery_gb_months": price("0.20"),
        "s3_puts": price("5", MILLION),
        "redshift_rpu_seconds": price("0.375", 3600),
        "alarm_metrics": price("0.10"),
    },
)


def usage(**units):
    return Usage(calls={}, units={name: Decimal(n) for name, n in units.items()})


def way(request=1, store=1):
    """Return 1,000 events, their requests and deliveries of so many."""
    parts = {
        INGEST_API: usage(api_requests=1_000 // request),
        "store": usage(
            lambda_requests=1_000 // store, dynamodb_write_units=1_100, dynamodb_gb_kept="0.001"
        ),
    }
    return Way(events=1_000, request=request, deliveries={"store": store}, parts=parts)


FOUND = Recorded(
    recorded=date(2026, 11, 27),
    data="made up",
    machine="none",
    ways={"many": way(500, 500), "one": way(), "original": way()},
    load=Load(events=1_000, days=1, usage=usage(redshift_rpu_seconds=480, s3_puts=20)),
    standing={"watching": {"alarm_metrics": Decimal(24)}},
    base_rpus=8,
    shards=4,
    windows={"store": 1},
    guard={},
)


def test_a_tenth_and_two_tenths_of_a_cent_are_three_tenths():
    assert price("0.1").of(Decimal("0.1")) + price("0.2").of(Decimal("0.1")) == Decimal("0.03")
    assert price("0.0000133334").of(Decimal(3)) == Decimal("0.0000400002")


def test_a_million_events_are_billed_line_by_line_and_the_front_door_has_its_share():
    lines = bill.of_events(way(), PRICED)
    assert [(line.part, line.units, line.usd) for line in lines] == [
        (INGEST_API, MILLION, Decimal("3.50")),
        ("store", MILLION, Decimal("0.20")),
        ("store", 1_100_000, Decimal("0.6875")),
    ]
    assert bill.total(lines) == Decimal("4.3875")
    assert bill.ingest_api_share(lines) == Decimal("3.50") / Decimal("4.3875")


def test_what_was_timed_and_not_counted_says_so():
    timed = Way(events=1, request=1, deliveries={}, parts={"x": usage(redshift_rpu_seconds=1)})
    assert [line.exact for line in bill.of_events(timed, PRICED)] == [False]
    assert all(line.exact for line in bill.of_events(way(), PRICED))


def test_what_is_kept_is_billed_apart_with_its_recovery():
    assert bill.kept(way(), PRICED) == Decimal("0.45")


def test_a_unit_without_a_price_is_an_error_and_never_free():
    unknown = Way(events=1, request=1, deliveries={}, parts={"x": usage(unheard_of=1)})
    with pytest.raises(KeyError, match="unheard_of"):
        bill.of_events(unknown, PRICED)


def test_a_month_is_its_events_its_loads_and_what_is_fixed():
    found = bill.month(FOUND, PRICED, way="one", events=MILLION, loads=30)
    assert found.by_part == {INGEST_API: Decimal("3.50"), "store": Decimal("0.8875")}
    assert found.small_deliveries == 0
    assert found.fixed == Decimal("2.40")
    assert found.first_kept == Decimal("0.45")
    one_load = Decimal("0.05") + Decimal("0.0001")
    assert found.loaded == 30 * one_load * Decimal(MILLION) / 30 / 1_000
    assert found.usd == sum(
        [Decimal("4.3875"), found.loaded, found.first_kept, found.fixed], Decimal(0)
    )


def test_a_load_of_few_events_costs_as_much_as_the_measured_one():
    found = bill.month(FOUND, PRICED, way="one", events=10, loads=2)
    assert found.loaded == 2 * (Decimal("0.05") + Decimal("0.0001"))


@pytest.mark.parametrize(("seconds", "billed"), [(0.1, 480), (60, 480), (60.1, 488)])
def test_redshift_bills_whole_seconds_and_a_minute_at_least(seconds, billed):
    assert bill.rpu_seconds(seconds, base_rpus=8) == billed


def test_deliveries_that_are_not_full_cost_at_most_one_a_window_and_shard_or_one_an_event():
    few = bill.month(FOUND, PRICED, way="many", events=1_000, loads=1)
    assert few.small_deliveries == Decimal(1_000 - 2) * Decimal("0.20") / MILLION
    many = bill.month(FOUND, PRICED, way="many", events=MILLION * MILLION, loads=1)
    assert many.small_deliveries == 0


def units_of(found):
    for each in found.ways.values():
        for part in each.parts.values():
            yield from part.units
    yield from found.load.usage.units
    for units in found.standing.values():
        yield from units


def test_every_unit_that_is_recorded_has_a_price():
    unpriced = {u for u in units_of(recorded()) if u not in prices().units}
    assert {name for name in unpriced if not name.endswith(KEPT)} == set()


def test_every_price_says_where_it_was_read_and_none_is_from_the_future():
    assert prices().read <= datetime.now(UTC).date()
    assert all(each.source.startswith("https://") for each in prices().units.values())


def test_a_million_events_cost_at_most_a_quarter_of_the_original_way():
    found = {name: bill.of_events(way, prices()) for name, way in recorded().ways.items()}
    assert bill.total(found["many"]) * 4 <= bill.total(found["original"])
    assert {way.events for way in recorded().ways.values()} == {recorded().load.events}


def told(*arguments):
    done = CliRunner().invoke(ecom, ["cost", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_shows_the_front_door_the_original_way_and_what_is_not_counted():
    text = told()
    assert "front door" in text
    assert "the original's way, 1 a request" in text
    for each in prices().not_counted:
        assert each in text


def test_for_scripts_the_lines_add_up_to_the_sum():
    answer = json.loads(told("--json", "--single"))
    lines = sum(Decimal(line["usd"]) for line in answer["lines"])
    assert lines == Decimal(answer["usd"]["one"])


def test_a_rate_a_day_is_a_month_of_365_twelfths():
    by_day = json.loads(told("--rate", "12000", "--json"))
    by_month = json.loads(told("--per-month", "365000", "--json"))
    assert by_day == by_month
    assert by_day["month"]["events"] == 365_000
    assert by_day["month"]["loads"] == 30
    assert "fixed: Dagster" in told("--rate", "12000")
