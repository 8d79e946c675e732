"""warehouse.load on an emulated S3 and a real redshift_connector: a day is replaced atomically."""

import gzip
import threading
from dataclasses import replace
from decimal import Decimal

import boto3
import pytest

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.realtime import archive
from ecom_pipeline.warehouse import connect, fence, ledger, load, migrations, stage
from ecom_pipeline.warehouse.fence import FencedError
from ecom_pipeline.warehouse.session import WarehouseError
from ecom_pipeline_tests.builders import on, stream_of

pytestmark = pytest.mark.usefixtures("redshift", "functions")


def arrive(day, *events, first=1):
    """Put events of a day into the raw lake and build its CSV."""
    archive.handler(stream_of(*(on(day, **event) for event in events), first=first))


def held(warehouse, day):
    return load.fact_totals(warehouse, day, day).get(day, Totals())


def test_migrations_run_once(warehouse):
    assert migrations.migrate(warehouse) == []


def test_a_published_day_has_the_sums_that_python_says(warehouse, lake, day):
    arrive(
        day,
        {"event_id": "a", "Description": None, "CustomerID": None, "InvoiceNo": "1"},
        {"event_id": "b", "Description": '£5, "off"', "UnitPrice": 0.001},
        {"event_id": "c", "InvoiceNo": "C1", "Quantity": -3},
        {"event_id": "d", "Quantity": -1, "UnitPrice": 0, "Description": "\\N"},
    )
    made = partition.build(lake, day)
    assert list(load.publish(warehouse, lake, [day])) == [day]
    assert held(warehouse, day) == made.totals
    rows = warehouse.query(
        f"select event_id, description, customer_id, kind, amount from {load.FACT}"
        " where invoice_date = %s order by 1",
        [day],
    )
    assert rows == [
        ("a", None, None, "sale", Decimal("15.3000")),
        ("b", '£5, "off"', "17850", "sale", Decimal("0.0060")),
        ("c", "WHITE HANGING HEART T-LIGHT HOLDER", "17850", "cancellation", Decimal("-7.6500")),
        ("d", "\\N", "17850", "write_off", Decimal("0.0000")),
    ]


def test_what_is_published_already_is_left_alone(warehouse, lake, day):
    arrive(day, {"event_id": "a"})
    partition.build(lake, day)
    load.publish(warehouse, lake, [day])
    assert load.publish(warehouse, lake, [day]) == {}
    with warehouse.session() as session:
        assert ledger.newest(session, [day])[day].version == 1


def test_an_empty_day_is_published_once(warehouse, lake, day):
    partition.build(lake, day)
    assert list(load.publish(warehouse, lake, [day])) == [day]
    assert load.publish(warehouse, lake, [day]) == {}
    assert held(warehouse, day) == Totals()


def test_late_data_replaces_the_day_and_the_ledger_says_what_it_was(warehouse, lake, day):
    arrive(day, {"event_id": "a"})
    partition.build(lake, day)
    load.publish(warehouse, lake, [day])
    arrive(day, {"event_id": "b", "Quantity": 1}, first=100)
    made = partition.build(lake, day)
    load.publish(warehouse, lake, [day])
    assert held(warehouse, day) == made.totals
    with warehouse.session() as session:
        entry = ledger.newest(session, [day])[day]
    assert (entry.version, entry.cause, entry.rows_before) == (2, "late", 1)
    assert entry.amount_before == Decimal("15.3000")


def test_a_day_without_csv_says_what_to_do(warehouse, lake, day):
    with pytest.raises(ManifestError, match="ecom load"):
        load.publish(warehouse, lake, [day])


@pytest.mark.parametrize(
    ("damage", "says"), [("missing", "part-"), ("cut", "part-"), ("other rows", "staged")]
)
def test_a_part_that_is_not_what_its_manifest_says_leaves_the_day_as_it_was(
    warehouse, lake, aws, day, damage, says
):
    arrive(day, {"event_id": "a"})
    partition.build(lake, day)
    load.publish(warehouse, lake, [day])
    before = held(warehouse, day)
    arrive(day, {"event_id": "b"}, first=100)
    (part,) = partition.build(lake, day).parts
    s3 = boto3.client("s3")
    body = lake.csv.read(part.key).body
    if damage == "missing":
        s3.delete_object(Bucket=aws.csv_bucket, Key=part.key)
    elif damage == "cut":
        s3.put_object(Bucket=aws.csv_bucket, Key=part.key, Body=body[:-9])
    else:  # a cent more, in a file of the length in its manifest
        forged = gzip.compress(gzip.decompress(body).replace(b",2.5500,", b",2.5600,"))
        lake.csv.write_part(part.key, forged)
        manifest = lake.csv.read(keys.manifest_key(day)).body
        was, now = (f'"bytes": {count}'.encode() for count in (part.bytes, len(forged)))
        assert manifest.count(was) == 1
        lake.csv.write_json(keys.manifest_key(day), manifest.replace(was, now))
    with pytest.raises(WarehouseError, match=says):
        load.publish(warehouse, lake, [day])
    assert held(warehouse, day) == before


def test_a_load_that_was_overtaken_may_not_publish(warehouse, lake, day):
    """An orphan of a killed run goes on with what it staged, after a newer load claimed the day."""
    arrive(day, {"event_id": "a"})
    partition.build(lake, day)
    old = fence.claim(warehouse, [day])
    fence.claim(warehouse, [day])
    with warehouse.session() as session:
        session.run(f"lock {fence.LOCK}")
        with pytest.raises(FencedError, match="newer load"):
            fence.require_newest_claim(session, [day], old)


def test_loads_of_one_day_at_once_end_in_one_copy_of_it(warehouse, lake, aws, day):
    arrive(day, *({"event_id": f"e{n}"} for n in range(30)))
    made = partition.build(lake, day)
    failed = []

    def publish():
        try:
            load.publish(connect.warehouse(aws), lake, [day])
        except FencedError as error:
            failed.append(error)

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
        assert not thread.is_alive(), "a load that does not end"
    assert len(failed) < 4
    assert held(warehouse, day) == made.totals


def test_a_range_is_one_transaction(warehouse, lake, days):
    first, *_, last = days(40)
    days = [first, last]
    for each in days:
        arrive(each, {"event_id": f"r-{each}"})
        partition.build(lake, each)
    assert list(load.publish(warehouse, lake, days)) == days
    with warehouse.session() as session:
        generations = {entry.generation for entry in ledger.newest(session, days).values()}
    assert len(generations) == 1


def test_copy_reads_only_the_files_that_it_names(aws):
    statement = stage.copy_statement("s3://bucket/list.manifest", aws.copy_role)
    assert " manifest " in statement
    assert "maxerror 0" in statement
    assert "iam_role" in statement
    for forbidden in ("truncatecolumns", "acceptanydate", "trimblanks", "access_key"):
        assert forbidden not in statement


def test_no_warehouse_is_one_sentence(aws):
    nowhere = connect.warehouse(replace(aws, redshift_port=1))
    with pytest.raises(WarehouseError, match="no warehouse answers"), nowhere.session():
        pass


def test_the_part_of_a_day_lies_where_the_copy_list_says(warehouse, lake, aws, day):
    arrive(day, {"event_id": "a"})
    (part,) = partition.build(lake, day).parts
    load.publish(warehouse, lake, [day])
    with warehouse.session() as session:
        generation = ledger.newest(session, [day])[day].generation
    listed = lake.csv.read(keys.copy_manifest_key(keys.copy_prefix(generation), 0)).body.decode()
    assert f"s3://{aws.csv_bucket}/{part.key}" in listed
    assert '"mandatory": true' in listed
