"""The stores and triggers that test_load_protocol.py drives, and reads of their content."""

import csv
import gzip
import io
import logging
from types import SimpleNamespace
from typing import cast

import dagster as dg

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.notifications import raw_objects
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.schedules import daily_sweep
from ecom_pipeline.orchestration.sensors import new_raw_objects
from ecom_pipeline.settings import LOCAL
from ecom_pipeline.warehouse import connect, ledger, load, stage
from ecom_pipeline.warehouse.ledger import Change, Entry, within
from ecom_pipeline.warehouse.session import Warehouse
from ecom_pipeline_tests.builders import read_rejected
from ecom_pipeline_tests.emulated.interleaving import Connection, stop_before_calls


class World:
    """Stores of this test's own, and Dagster's runs; of the queue, what nobody deleted stays."""

    def __init__(self, redshift, instance):
        self.settings = redshift
        self.instance = instance
        self.lake = connect.lake(self.settings)
        self.queue = connect.notifications(self.settings)
        self.straight = connect.warehouse(self.settings)
        self.warehouse = Warehouse(
            lambda: Connection(self.straight.connect()), self.straight.copy_role, LOCAL.shop
        )
        self.url = self.queue._url()
        self.queue.sqs.set_queue_attributes(
            QueueUrl=self.url, Attributes={"VisibilityTimeout": "43200"}
        )
        self.queue.sqs.purge_queue(QueueUrl=self.url)  # S3 sends a test message to a new queue
        stop_before_calls(self.lake.s3)

    def load(self, days):
        """Do what a run does: the CSV of each day, then all of them in the warehouse."""
        for day in days:
            assert partition.build(self.lake, day).unaccounted == 0
        return load.publish(self.warehouse, self.lake, days)

    def tick(self, cursor) -> dg.SensorResult | dg.SkipReason:
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=cursor,
            resources={"raw_notifications": self.queue, "shop": LOCAL.shop},
        )
        found = new_raw_objects(context)
        assert isinstance(found, dg.SensorResult | dg.SkipReason)
        return found

    def sweep(self, morning):
        resources = {"lake": self.lake, "warehouse": self.straight, "shop": LOCAL.shop}
        context = SimpleNamespace(
            instance=self.instance, scheduled_execution_time=morning, log=logging.getLogger()
        )  # Dagster's own opens an instance from its home for each sweep: 0.3 s
        return daily_sweep(cast("dg.ScheduleEvaluationContext", context), **resources)

    def unacknowledged(self):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.queue.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)

    def quarantined(self):
        """Return the originals of all that was set aside, by key."""
        s3, bucket = self.lake.s3, self.lake.raw.name
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=keys.QUARANTINE).get("Contents", [])
        return {
            each["Key"]: [
                envelope.original_bytes(read_rejected(line))
                for line in self.lake.raw.lines(each["Key"])
            ]
            for each in listed
        }

    def csv_of(self, manifest):
        found = []
        for part in manifest.parts:
            stored = self.lake.csv.read(part.key)
            assert stored is not None, f"{part.key} is in the manifest, but missing"
            text = gzip.decompress(stored.body).decode()
            found += csv.DictReader(io.StringIO(text))
        return [(row["event_id"].rpartition(".")[2], int(row["quantity"])) for row in found]

    def forget(self, days):
        """Remove what an example left; its claims stay, as generations never go back."""
        self.queue.sqs.purge_queue(QueueUrl=self.url)
        s3 = self.lake.s3
        for bucket in (self.lake.raw.name, self.lake.csv.name):
            for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=each["Key"])
        with self.straight.session() as session:
            for table in (stage.FACT, "sales.load_ledger"):
                session.run(f"delete from {table} where {within(days)}")
            session.commit()
        for run in self.instance.get_runs():
            self.instance.delete_run(run.run_id)


def span_of(run) -> requests.DayRange:
    """Return a run's days, which each run must have."""
    span = requests.days_of_tags(run.tags)
    assert span is not None, run.tags
    return span


def days_told(body):
    return {day for day, _ in raw_objects(body)}


def versions(session, days):
    """Return all of the ledger's rows of each day."""
    found = {day: [] for day in days}
    rows = session.rows(
        "select invoice_date, version, generation, cause, row_count, quantity, amount, digest,"
        " rows_before, amount_before, rows_added, rows_removed, rows_changed"
        f" from sales.load_ledger where {within(days)} order by 1, 2"
    )
    for day, version, generation, cause, *rest in rows:
        found[day].append(
            Entry(
                version=version,
                generation=generation,
                cause=cause,
                totals=ledger.sums_of(*rest[:4]),
                rows_before=rest[4],
                amount_before=rest[5],
                change=Change(*rest[6:]),
            )
        )
    return found
