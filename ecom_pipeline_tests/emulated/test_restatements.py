"""The account of a publish: added, removed, changed, cause; its plan; approval above a bound."""

import gzip
import random
from dataclasses import replace
from decimal import Decimal

import pytest

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.currency import Currency
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.warehouse import connect, gate, ledger, load, plan, stage
from ecom_pipeline.warehouse.gate import ApprovalRequiredError, Gate
from ecom_pipeline.warehouse.session import WarehouseError
from ecom_pipeline.warehouse.shop_record import ShopChangedError
from ecom_pipeline_tests.builders import accepted, on

pytestmark = pytest.mark.usefixtures("redshift")

GATE = Gate(Decimal("0.2"))


def arrive(lake, day, quantities, build=True):
    """Make these the day's events, by id; what was there before goes."""
    records = [
        accepted(on(day, event_id=name, Quantity=quantity, UnitPrice=1))
        for name, quantity in quantities.items()
    ]
    lake.raw.write_records(keys.raw_key(day, "0", "1", "1"), records)
    if build:
        partition.build(lake, day)


def restatements(warehouse, day):
    return warehouse.query(
        "select version, cause, rows_before, rows_added, rows_removed, rows_changed, rows_after,"
        " amount_before, amount_after, amount_delta from sales.restatements"
        " where invoice_date = %s order by version",
        [day],
    )


@pytest.mark.parametrize("seed", range(4))
def test_every_version_says_what_it_did_to_the_one_before(warehouse, lake, day, seed):
    rng = random.Random(seed)
    now, expected, version = {}, [], 0
    for _ in range(7):
        past = now
        now = {name: rng.randrange(1, 4) for name in "abcdef" if rng.random() < 0.6}
        arrive(lake, day, now)
        planned = plan.make(warehouse, lake, [day]).days
        published = load.publish(warehouse, lake, [day])
        if past == now and version:
            assert planned == published == {}
            continue
        version += 1
        added, removed = now.keys() - past.keys(), past.keys() - now.keys()
        changed = [name for name in now.keys() & past.keys() if now[name] != past[name]]
        cause = "correction" if removed or changed else "late"
        was, became = Decimal(sum(past.values())), Decimal(sum(now.values()))
        counts = len(past), len(added), len(removed), len(changed), len(now)
        expected.append((version, cause, *counts, was, became, became - was))
        assert gate.plan_id(planned) == gate.plan_id(published)
        assert planned[day].change == published[day].change
        assert stage_rows(warehouse, day) == now
    assert restatements(warehouse, day) == [row for row in expected if row[0] > 1]


def stage_rows(warehouse, day):
    return dict(
        warehouse.query(
            f"select event_id, quantity from {stage.FACT} where invoice_date = %s", [day]
        )
    )


def test_the_cause_that_the_caller_knows_stands(warehouse, lake, day):
    arrive(lake, day, {"a": 1})
    load.publish(warehouse, lake, [day], cause="replay")
    arrive(lake, day, {"a": 1, "b": 1})
    assert load.publish(warehouse, lake, [day], cause="replay")[day].cause == "replay"
    assert [row[1] for row in restatements(warehouse, day)] == ["replay"]


def test_above_the_bound_a_load_waits_until_just_that_is_approved(warehouse, lake, day):
    arrive(lake, day, dict.fromkeys("abcdefghij", 1))
    load.publish(warehouse, lake, [day], gate=GATE)  # a first load needs no approval
    arrive(lake, day, dict.fromkeys("abcdefghijk", 1))
    load.publish(warehouse, lake, [day], gate=GATE)
    before = stage_rows(warehouse, day)
    arrive(lake, day, dict.fromkeys("abcdefghijk", 2))
    with pytest.raises(ApprovalRequiredError, match="11 changed of 11") as held:
        load.publish(warehouse, lake, [day], gate=GATE)
    assert stage_rows(warehouse, day) == before
    assert plan.make(warehouse, lake, [day]).days[day].change.changed == 11
    arrive(lake, day, dict.fromkeys("abcdefghijk", 3))
    approved = Gate(GATE.bound, held.value.plan_id)
    with pytest.raises(ApprovalRequiredError):  # other data than approved
        load.publish(warehouse, lake, [day], gate=approved)
    arrive(lake, day, dict.fromkeys("abcdefghijk", 2))
    assert load.publish(warehouse, lake, [day], gate=approved)[day].cause == "correction"
    assert set(stage_rows(warehouse, day).values()) == {2}


def test_a_plan_sees_what_is_not_built_yet_and_changes_nothing(aws, warehouse, lake, day):
    arrive(lake, day, {"a": 5}, build=False)
    found = plan.make(warehouse, lake, [day]).days
    assert (found[day].cause, found[day].totals.rows) == ("first", 1)
    assert partition.read_manifest(lake, day) is None
    assert stage_rows(warehouse, day) == {}
    assert list(lake.csv.objects("copy/")) == []


def test_a_plan_refuses_what_the_load_refuses_and_has_its_id(warehouse, lake, days):
    first, torn, damaged = days(3)
    for each in (first, torn, damaged):
        arrive(lake, each, dict.fromkeys((f"{each}a", f"{each}b"), 1))
    load.publish(warehouse, lake, [first, torn, damaged], gate=GATE)
    arrive(lake, first, dict.fromkeys((f"{first}a", f"{first}b", f"{first}c"), 1))
    owners = [
        accepted(on(torn, event_id=f"{torn}{n}", InvoiceNo="7", CustomerID=99990 + n))
        for n in range(2)
    ]
    lake.raw.write_records(keys.raw_key(torn, "0", "1", "1"), owners)
    partition.build(lake, torn)
    found = plan.make(warehouse, lake, [torn], GATE)
    assert found.days == {}
    with pytest.raises(load.RefusedDaysError) as refused:
        load.publish(warehouse, lake, [torn], gate=GATE)
    assert str(refused.value).endswith("; ".join(found.refused))
    found = plan.make(warehouse, lake, [first, torn], GATE)
    assert list(found.days) == [first]
    with pytest.raises(ApprovalRequiredError) as held:
        load.publish(warehouse, lake, [first, torn], gate=GATE)
    assert (found.id, found.reasons) == (held.value.plan_id, held.value.reasons)
    assert f"refused, approved or not: {found.refused[0]}" in str(held.value)

    key = lake.raw.objects_of(damaged)[0].key
    lake.raw.put(key, b"cut", Metadata={"rows": "2", "sha256": "0"})
    found = plan.make(warehouse, lake, [first, damaged], GATE)
    assert (list(found.days), list(found.unbuilt)) == ([first], [damaged])
    assert key in found.unbuilt[damaged]
    assert list(lake.csv.objects("copy/plan-")) == []
    found = plan.make(warehouse, lake, [damaged], GATE)
    assert (found.days, found.refused, list(found.unbuilt)) == ({}, [], [damaged])


def test_an_id_on_two_days_is_two_events_however_the_days_are_loaded(warehouse, lake, days):
    one, two = days(2)
    for day in (one, two):
        arrive(lake, day, {"same": 1})
        load.publish(warehouse, lake, [day])
    singly = [stage_rows(warehouse, day) for day in (one, two)]
    for day in (one, two):
        arrive(lake, day, {"same": 1, f"{day}": 1})
    load.publish(warehouse, lake, [one, two])
    assert singly == [{"same": 1}] * 2
    assert [stage_rows(warehouse, day) for day in (one, two)] == [
        {"same": 1, f"{day}": 1} for day in (one, two)
    ]


def test_a_plan_is_refused_as_the_load_when_the_shop_was_changed(warehouse, lake, day):
    arrive(lake, day, {"a": 1})
    load.publish(warehouse, lake, [day])
    arrive(lake, day, {"a": 2})
    yen = replace(
        warehouse,
        shop=replace(warehouse.shop, currency=Currency(code="JPY", symbol="¥", decimals=0)),
    )
    with pytest.raises(ShopChangedError, match="the loaded days are of GBP") as planned:
        plan.make(yen, lake, [day])
    with pytest.raises(ShopChangedError) as loaded:
        load.publish(yen, lake, [day])
    assert str(planned.value) == str(loaded.value)


def cut_manifest(lake, day):
    body = lake.csv.read(keys.manifest_key(day)).body
    lake.csv.write_json(keys.manifest_key(day), body[: len(body) // 2])


def other_columns(lake, day):
    body = lake.csv.read(keys.manifest_key(day)).body
    lake.csv.write_json(keys.manifest_key(day), body.replace(b'"kind"', b'"sort"'))


def bad_number(lake, day):
    """Put a part that is just what its manifest says, with a letter where a number belongs."""
    (part,) = partition.committed(lake, day).parts
    text = gzip.decompress(lake.csv.read(part.key).body).replace(b",2,", b",x,")
    packed = gzip.compress(text, 6, mtime=0)
    lake.csv.write_part(part.key, packed)
    body = lake.csv.read(keys.manifest_key(day)).body
    size = f'"bytes": {part.bytes}'.encode()
    lake.csv.write_json(
        keys.manifest_key(day), body.replace(size, f'"bytes": {len(packed)}'.encode())
    )


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (cut_manifest, ManifestError, "rebuild the day"),
        (other_columns, ManifestError, "expected .*rebuild the day"),
        (bad_number, WarehouseError, r"part-.* line 2 quantity: .*rebuild the day"),
    ],
)
def test_a_spoilt_day_stays_as_it_was_and_says_what_to_do(warehouse, lake, day, spoil, error, says):
    arrive(lake, day, {"a": 1})
    load.publish(warehouse, lake, [day])
    arrive(lake, day, {"a": 2})
    spoil(lake, day)
    with pytest.raises(error, match=says):
        load.publish(warehouse, lake, [day])
    assert stage_rows(warehouse, day) == {"a": 1}
    with warehouse.session() as session:
        assert ledger.newest(session, [day])[day].version == 1
    partition.build(lake, day)  # the message's advice
    assert list(load.publish(warehouse, lake, [day])) == [day]
    assert stage_rows(warehouse, day) == {"a": 2}


def test_a_warehouse_by_secret_is_reached_and_rotates(aws, warehouse):
    secrets = connect.client(aws, "secretsmanager")
    address = (
        f'{{"host": "127.0.0.1", "port": {aws.redshift_port}, "username": "u", "password": "p"}}'
    )
    secret = f"{aws.table}/redshift"
    secrets.create_secret(Name=secret, SecretString=address)
    by_secret = connect.warehouse(replace(aws, redshift_secret=secret, redshift_port=1))
    assert by_secret.query("select 1") == [(1,)]
    secrets.put_secret_value(
        SecretId=secret, SecretString=address.replace(str(aws.redshift_port), "1")
    )
    with pytest.raises(WarehouseError, match="no warehouse answers"):
        by_secret.query("select 1")


def test_a_session_is_named_and_ends_a_statement_that_hangs(warehouse):
    with warehouse.session() as session:
        session.rollback()
        ((timeout,),) = session.rows("show statement_timeout")
    assert timeout in {"900000", "15min"}
