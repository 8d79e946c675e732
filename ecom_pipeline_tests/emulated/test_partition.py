"""lake.partition and lake.catalog on an emulated S3 and Glue."""

import gzip
import threading
from hashlib import sha256

import boto3
import pytest

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.columns import COLUMNS
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.catalog import CSV_TABLE
from ecom_pipeline.realtime import archive
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import accepted, kinesis_event, on, stream_of

pytestmark = pytest.mark.usefixtures("functions")


def csv_objects(aws, day):
    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket=aws.csv_bucket, Prefix=keys.csv_prefix(day))
    return {
        each["Key"]: s3.get_object(Bucket=aws.csv_bucket, Key=each["Key"])["Body"].read()
        for each in found.get("Contents", [])
    }


def test_a_day_is_parts_and_a_manifest_that_says_what_they_hold(aws, day):
    archive.handler(stream_of(on(day, event_id="a"), on(day, event_id="b"), on(day, event_id="a")))
    made = partition.build(connect.lake(aws), day)
    objects = csv_objects(aws, day)
    (part,) = made.parts
    assert set(objects) == {part.key, keys.manifest_key(day)}
    assert sha256(objects[part.key]).hexdigest() == part.sha256
    assert gzip.decompress(objects[part.key]).count(b"\n") == 1 + made.totals.rows == 3
    assert (made.read, made.redelivered, made.unaccounted) == (3, 1, 0)


def test_built_again_a_day_has_the_same_bytes(aws, day):
    archive.handler(stream_of(*(on(day, event_id=f"e{n}") for n in range(20))))
    lake = connect.lake(aws)
    assert partition.build(lake, day) == partition.build(lake, day)


def test_late_data_makes_a_new_part_and_removes_the_old(aws, day):
    lake = connect.lake(aws)
    archive.handler(stream_of(on(day, event_id="a")))
    before = partition.build(lake, day)
    archive.handler(stream_of(on(day, event_id="late"), first=500))
    after = partition.build(lake, day)
    assert after.totals.rows == 2
    assert before.parts != after.parts
    assert set(csv_objects(aws, day)) == {after.parts[0].key, keys.manifest_key(day)}


def test_a_day_without_events_is_a_manifest_of_nothing(aws, day):
    made = partition.build(connect.lake(aws), day)
    assert (made.totals.rows, made.parts) == (0, ())


def test_what_the_rebuild_cannot_use_is_in_quarantine_until_it_can(aws, day):
    lake = connect.lake(aws)
    archive.handler(stream_of(on(day)))
    (found,) = lake.raw.objects_of(day)
    foreign = envelope.rejected(
        b"x",
        record="r",
        reason="invalid",
        received_at=accepted(on(day)).received_at,
        error=envelope.EventError("f", "e", "g"),
    )
    lake.raw.write_records(found.key, [foreign])  # a line that today's rules reject
    made = partition.build(lake, day)
    (key,) = made.quarantine_keys
    assert made.quarantined == {"unreadable": 1}
    assert len(list(lake.raw.lines(key))) == 1
    archive.handler(stream_of(on(day)))  # restores the object
    assert partition.build(lake, day).quarantined == {}
    with pytest.raises(lake.s3.exceptions.NoSuchKey):
        lake.raw.lines(key)


def test_a_raw_object_cut_short_stops_the_rebuild_and_the_day_stands(aws, day):
    lake = connect.lake(aws)
    archive.handler(stream_of(on(day)))
    before = partition.build(lake, day)
    (found,) = lake.raw.objects_of(day)
    whole = lake.s3.get_object(Bucket=aws.raw_bucket, Key=found.key)
    cut = whole["Body"].read()[:-5]
    lake.s3.put_object(Bucket=aws.raw_bucket, Key=found.key, Body=cut, Metadata=whole["Metadata"])
    with pytest.raises(DamagedObjectError, match="restore it"):
        partition.build(lake, day)
    assert partition.committed(lake, day) == before


def test_builders_of_one_day_at_once_end_with_all_of_its_events(aws, day):
    lake = connect.lake(aws)
    archive.handler(stream_of(on(day, event_id="a")))
    threads = []
    for number in range(4):
        builder = threading.Thread(target=partition.build, args=(connect.lake(aws), day))
        builder.start()
        archive.handler(stream_of(on(day, event_id=f"late-{number}"), first=1000 + number))
        threads.append(builder)
    for thread in threads:
        thread.join(timeout=120)
        assert not thread.is_alive(), "a build that does not end"
    made = partition.build(lake, day)
    assert made.totals.rows == 5
    assert set(csv_objects(aws, day)) == {made.parts[0].key, keys.manifest_key(day)}


def test_poison_on_the_stream_is_no_part_of_a_day(aws, day):
    archive.handler(kinesis_event([b"poison", envelope.encode(accepted(on(day)))], first=7_000))
    assert partition.build(connect.lake(aws), day).totals.rows == 1


def test_the_catalog_has_the_columns_and_a_partition_for_each_day(aws, day):
    catalog = connect.catalog(aws)
    catalog.sync([day])
    catalog.sync([day])
    table = catalog.glue.get_table(DatabaseName=aws.glue_database, Name=CSV_TABLE)["Table"]
    names = [each["Name"] for each in table["StorageDescriptor"]["Columns"]]
    assert names == [each.name for each in COLUMNS]
    found = catalog.glue.get_partition(
        DatabaseName=aws.glue_database, TableName=CSV_TABLE, PartitionValues=[day.isoformat()]
    )["Partition"]
    assert found["StorageDescriptor"]["Location"] == f"s3://{aws.csv_bucket}/{keys.csv_prefix(day)}"
