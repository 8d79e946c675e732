"""The billed usage of one load: raw objects to CSV, COPY, fact table and marts."""

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from math import ceil

import dagster as dg

from bench import deployed
from bench.metered import metered
from ecom_pipeline import definitions
from ecom_pipeline.cost import bill
from ecom_pipeline.cost.units import GB, Units, summed
from ecom_pipeline.cost.usage import MINIMUM_SECONDS, Usage
from ecom_pipeline.lake.connect import client
from ecom_pipeline.orchestration import runs
from ecom_pipeline.settings import Settings

_IN_THE_WAREHOUSE = {"catalog_csv_invoice_lines", "fact_invoice_lines", "marts"}


def load(settings: Settings, first: date, last: date) -> Usage:
    """Load days in one Dagster run, and refresh the marts in another."""
    with metered(settings) as (meter, _):
        home = runs.local_instance_home(settings.home)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            runs.run_days(definitions.build(settings), instance, first, last)
            ran = [record.dagster_run.run_id for record in instance.get_run_records()]
            seconds = [_seconds(instance, run_id) for run_id in ran]
        counted = meter.take()
    return Usage(
        calls=counted.calls, units=summed([counted.units, _copied(settings), _time(seconds)])
    )


def _seconds(instance: dg.DagsterInstance, run_id: str) -> tuple[float, float]:
    """Return the seconds of a run, and of its steps in the warehouse."""
    steps = instance.get_run_step_stats(run_id)
    spans = {each.step_key: (each.end_time or 0) - (each.start_time or 0) for each in steps}
    (record,) = instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))
    whole = (record.end_time or 0) - (record.start_time or 0)
    return whole, sum(span for name, span in spans.items() if name in _IN_THE_WAREHOUSE)


def _time(runs_: Iterable[tuple[float, float]]) -> Units:
    """Return Fargate's and Redshift's billed time; each bills a minute at least."""
    cpus, memory = deployed.run_task()
    tasks = sum(max(MINIMUM_SECONDS, Decimal(ceil(run))) for run, _ in runs_)
    busy = sum(busy for _, busy in runs_)
    return {
        "fargate_vcpu_seconds": tasks * cpus,
        "fargate_gb_seconds": tasks * memory,
        "redshift_rpu_seconds": bill.rpu_seconds(busy, deployed.base_rpus()),
    }


def _copied(settings: Settings) -> Units:
    """Return what COPY read: the manifests, and the files."""
    s3 = client(settings, "s3")
    lists = s3.list_objects_v2(Bucket=settings.csv_bucket, Prefix="copy/")["Contents"]
    texts = [s3.get_object(Bucket=settings.csv_bucket, Key=e["Key"])["Body"].read() for e in lists]
    entries = [entry for text in texts for entry in json.loads(text)["entries"]]
    size = sum(entry["meta"]["content_length"] for entry in entries)
    return {"copy_gb": Decimal(size) / GB, "s3_gets": Decimal(len(texts) + len(entries))}
