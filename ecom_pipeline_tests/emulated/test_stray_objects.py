"""Objects that people and tools leave in the lake's buckets: skipped, named, and left alone."""

from datetime import timedelta

import pytest

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.shop import DEFAULT
from ecom_pipeline.health import facts
from ecom_pipeline.lake import partition
from ecom_pipeline.quarantine import discard, replay
from ecom_pipeline.reconcile.stores.csv_parts import CsvStore
from ecom_pipeline.reconcile.stores.raw import RawStore
from ecom_pipeline.warehouse import load, quality, sweep
from ecom_pipeline_tests.builders import accepted, on

pytestmark = pytest.mark.usefixtures("redshift")

RAW = [
    "raw/readme.txt",
    "raw/backup/old.txt",
    "raw/invoice_date=2011-02-30/x.jsonl.gz",
    "raw/invoice_date={day}/",
    "raw/invoice_date={day}/_SUCCESS",
    "raw/invoice_date={day}/.DS_Store",
    "raw/invoice_date={day}/notes.txt",
    "raw/invoice_date={day}/copy/x.jsonl.gz",
    "quarantine/",
    "quarantine/received_date={day}/notes.txt",
    "quarantine/old/x.jsonl.gz",
    "erased/notes.txt",
    "discards/",
    "discards/notes.txt",
    "erased/anonymise/notes.txt",
]
CSV = [
    "csv/tmp/x.csv",
    "csv/invoice_date=2011-13-01/x.csv",
    "csv/invoice_date={day}/",
    "csv/invoice_date={day}/_SUCCESS",
    "csv/invoice_date={day}/.part.crc",
    "csv/invoice_date={day}/notes.txt",
]


@pytest.fixture
def strays(lake, days):
    """Put the objects beside a day's events, and a folder marker where a day has nothing else."""
    day, empty = days(2)
    key = keys.raw_key(day, "0", "1", "1")
    lake.raw.write_records(key, [accepted(on(day, event_id=f"{day}-1"))])
    found = {lake.raw.name: [each.format(day=day) for each in RAW]}
    found[lake.raw.name].append(f"raw/invoice_date={empty}/")
    found[lake.csv.name] = [each.format(day=day) for each in CSV]
    for bucket, names in found.items():
        for name in names:
            lake.s3.put_object(Bucket=bucket, Key=name, Body=b"somebody's")
    return day, empty, found


def named(caplog):
    """Return the objects that were logged as skipped, by bucket; a folder's once for all in it."""
    skipped = (record.args for record in caplog.records if record.msg.startswith("skipped %r"))
    return {(bucket, key) for key, bucket in skipped}


def test_stray_objects_stop_nothing_and_are_named(aws, lake, warehouse, strays, caplog):
    day, empty, found = strays
    assert sweep.behind(lake, warehouse, DEFAULT.today()).keys() == {day}
    partition.build(lake, day)
    load.publish(warehouse, lake, [day])
    partition.build(lake, day)
    assert sweep.behind(lake, warehouse, DEFAULT.today()) == {}
    raw, csv = RawStore(lake), CsvStore(lake)
    assert raw.days(day, empty)[day] == csv.days(day, empty)[day]
    assert (raw.faults(), csv.faults()) == ([], [])
    with warehouse.session() as session:
        assert quality.not_loaded(lake, session, DEFAULT.today()) == []
    assert list(replay.find(lake, replay.QuarantineFilter())) == []
    assert discard.log(lake) == []
    assert facts.raw(aws)["days"] == 2
    assert facts.csv(aws)["newest_day"] == day
    assert facts.to_load(aws)["days"] == 0
    skipped = named(caplog)
    for bucket, names in found.items():
        left = {each.key for each in lake.raw.objects("")}
        if bucket == lake.csv.name:
            left = {each.key for each in lake.csv.objects("")}
        for name in names:
            folder = "/".join(name.split("/")[:2]) + "/"
            assert {(bucket, name), (bucket, folder)} & skipped, name
            assert name in left


def test_an_object_that_may_be_events_is_not_skipped(lake, day):
    """A name like the archive's with other bytes is damage, not a note: it must be seen."""
    key = f"raw/invoice_date={day}/copy of events.jsonl.gz"
    lake.s3.put_object(Bucket=lake.raw.name, Key=key, Body=b"cut", Metadata={"sha256": "0"})
    assert [each.key for each in lake.raw.objects_of(day)] == [key]
    store = RawStore(lake)
    store.days(day, day + timedelta(days=0))
    assert [each.kind for each in store.faults()] == ["damaged"]
