"""lake.engines: each engine writes the same manifests, byte for byte."""

import os
import signal
import sys
from dataclasses import replace
from datetime import date, timedelta

import dagster as dg
import psutil
import pytest

from bench.history import write_raw
from ecom_pipeline import definitions, settings
from ecom_pipeline.cost.metered_build import metered
from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.retraction import Retraction
from ecom_pipeline.lake import partition, retractions
from ecom_pipeline.lake.engines import UnbuiltDaysError
from ecom_pipeline.lake.engines.process_engine import ProcessEngine
from ecom_pipeline.lake.engines.python_engine import PythonEngine
from ecom_pipeline.lake.engines.spark_engine import SparkEngine
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.orchestration.keys import CSV_LINES
from ecom_pipeline.replay import dataset
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import REAL, RECEIVED, accepted, on, read_rejected
from ecom_pipeline_tests.children import running
from ecom_pipeline_tests.waiting import until

SMALL_PARTS = 2_000  # bytes of raw: the days below get dozens of parts
OBJECTS = 3  # per day


pytestmark = pytest.mark.usefixtures("spark")


def built(engine, days):
    return {each.manifest.day: each.manifest for each in engine.build(days)}


def dirty(lake, day):
    """Put a day of everything into the raw lake: good, again, in conflict, refused, retracted."""
    good = [accepted(on(day, event_id=f"{day}-{n}", Quantity=n + 1)) for n in range(200)]
    other = accepted(on(day, event_id=f"{day}-7", Quantity=99))
    refused = [accepted(on(day, event_id=f"{day}-x{n}", Quantity=0)) for n in range(9)]
    lake.raw.write_records(keys.raw_key(day, "0", "1", "1"), [*good[:150], *refused])
    lake.raw.write_lines(keys.raw_key(day, "0", "2", "2"), [b"poison", b"[]"])
    lake.raw.write_records(keys.raw_key(day, "0", "3", "3"), [*good[100:], other])
    taken_back = Retraction(
        event_id=f"{day}-120", invoice_no="1", stands=False, cause="c", by="b", at=RECEIVED
    )
    retractions.append(lake, day, [taken_back])


def test_each_engine_makes_of_dirty_days_what_the_reference_makes(aws, days):
    """Of the whole history, too: pipeline/test_history.py."""
    lake, days = connect.lake(aws), days(6)
    for each in days:
        dirty(lake, each)
    reference = built(PythonEngine(aws), days)
    found = list(ProcessEngine(aws, processes=2, few=1, build_day=metered).build(days))
    assert {each.manifest.day: each.manifest for each in found} == reference
    for _, _, usage in found:  # counted in the process that built the day
        assert usage.calls["s3:GetObject"] >= OBJECTS
        assert usage.calls["s3:PutObject"] >= 1
    assert built(SparkEngine(aws), days) == reference


def test_each_engine_makes_of_real_days_what_the_reference_makes(aws, tmp_path):
    """Three days of the data set; of made-up sales where it is missing."""
    path, first = REAL / "online_retail.csv.gz", date(2010, 12, 1)
    if not REAL.exists():
        path = write_sample(tmp_path / "sample.csv.gz", days=3, rows_per_day=300, start=first).path
    events = dataset.events(path, choices=DATA_SET, days=DayRange(first, first + timedelta(days=2)))
    days = sorted(write_raw(connect.lake(aws), events))
    reference = built(PythonEngine(aws), days)
    assert [each.totals.rows > 0 for each in reference.values()] == [True] * len(days)
    assert built(ProcessEngine(aws, processes=2, few=1), days) == reference
    assert built(SparkEngine(aws), days) == reference


def test_a_day_in_many_parts_has_the_rows_the_quarantine_and_the_account_of_one(aws, day):
    lake = connect.lake(aws)
    dirty(lake, day)
    whole = partition.build(lake, day)
    aside = records(lake, whole)
    split = partition.build(lake, day, part_bytes=SMALL_PARTS)
    assert len(split.parts) > 1
    assert (split.totals, split.read) == (whole.totals, whole.read)
    assert (split.redelivered, split.quarantined) == (whole.redelivered, whole.quarantined)
    assert (split.retracted, whole.retracted, whole.unaccounted) == (2, 2, 0)
    assert whole.quarantined == {"invalid": 9, "unreadable": 2, "id_conflict": 1}
    assert records(lake, split) == aside
    assert set(lake.csv.part_keys(day)) == {part.key for part in split.parts}


def records(lake, manifest):
    found = [line for key in manifest.quarantine_keys for line in lake.raw.lines(key)]
    return sorted(envelope.original_bytes(read_rejected(line)) for line in found)


def test_spark_takes_a_day_apart_as_one_machine_does(aws, day):
    lake = connect.lake(aws)
    dirty(lake, day)
    here = partition.build(lake, day, part_bytes=SMALL_PARTS)
    assert built(SparkEngine(aws, part_bytes=SMALL_PARTS), [day]) == {day: here}


def test_the_days_beside_a_damaged_one_are_built_and_its_error_is_told(aws, days):
    lake, days = connect.lake(aws), days(7)
    for each in days:
        dirty(lake, each)
    (broken, *_) = lake.raw.objects_of(days[0])
    lake.s3.put_object(Bucket=aws.raw_bucket, Key=broken.key, Body=b"cut")
    for engine in (
        PythonEngine(aws),
        ProcessEngine(aws, few=len(days)),
        ProcessEngine(aws, processes=2, few=1),
    ):
        done = []
        with pytest.raises(UnbuiltDaysError, match="has no SHA-256") as caught:
            done.extend(engine.build(days))
        assert sorted(each.manifest.day for each in done) == days[1:]
        assert caught.value.reasons.keys() == {days[0]}


def test_a_killed_build_leaves_no_process_behind(aws, days, tmp_path):
    lake, days = connect.lake(aws), days(4)
    for each in days:
        dirty(lake, each)
    command = [sys.executable, "-c", _BUILD, *(day.isoformat() for day in days)]
    environment, out = os.environ | settings.environment_of(aws), tmp_path / "out"
    with out.open("w") as shown, running(command, env=environment, stdout=shown) as parent:
        until(out.read_text, "a day to be built, so that the workers are running")
        workers = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(signal.SIGKILL)
        assert workers
        _, alive = psutil.wait_procs(workers, timeout=30)
        assert not alive


_BUILD = """
import sys, time
from datetime import date
from ecom_pipeline import settings
from ecom_pipeline.lake.engines.process_engine import ProcessEngine

if __name__ == "__main__":
    days = [date.fromisoformat(day) for day in sys.argv[1:]]
    for built in ProcessEngine(settings.load(), processes=2, few=1).build(days):
        print(built.manifest.day, flush=True)
        time.sleep(600)  # the build is not over: it is killed here
"""


def test_dagster_runs_spark_as_a_job_and_shows_what_it_built(aws, redshift, day, tmp_path):
    dirty(connect.lake(aws), day)
    configured = replace(aws, engine="spark")
    defs = definitions.build(configured)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            partition_key=day.isoformat(),
            asset_selection=[CSV_LINES],
        )
    assert result.success
    (made,) = result.asset_materializations_for_node("csv_invoice_lines")
    assert made.metadata["dagster/partition_row_count"].value == 199  # one of 200 is retracted
