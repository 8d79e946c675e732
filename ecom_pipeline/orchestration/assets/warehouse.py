"""The warehouse's asset: publishes the days' CSV in the fact table and checks it."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg

from ecom_pipeline.cost import bill
from ecom_pipeline.cost.meter import Meter
from ecom_pipeline.cost.usage import recorded
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER, PARTITION
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import range_reads
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.manifest import Manifest
from ecom_pipeline.orchestration import checks, describe, pools
from ecom_pipeline.orchestration.keys import CSV_LINES, FACT_LINES, Results
from ecom_pipeline.orchestration.partitions import days_of
from ecom_pipeline.orchestration.retries import log_failure, translate_errors
from ecom_pipeline.warehouse import ledger, load, migrations, quality, stage
from ecom_pipeline.warehouse.gate import Gate
from ecom_pipeline.warehouse.ledger import Entry
from ecom_pipeline.warehouse.load import RefusedDaysError
from ecom_pipeline.warehouse.session import Warehouse

_MADE_OF = {name: [name] for name in CSV_HEADER} | {PARTITION.name: ["invoice_time"]}


class Approval(dg.Config):
    """A person's approval of a load above the bound: the id of its plan."""

    approve: str = ""


@dg.multi_asset(
    specs=[
        describe.daily(
            describe.spec(
                FACT_LINES,
                deps=[CSV_LINES],
                kinds={"redshift", "sql"},
                text="Every invoice line, once. A whole day is replaced in one transaction, only "
                "when its manifest differs from the ledger, so readers never see a partial day. "
                "`sales.restatements` has the cause of each change of a published day.",
                metadata={
                    "dagster/column_schema": describe.schema((*COLUMNS, PARTITION)),
                    "dagster/column_lineage": describe.lineage(_MADE_OF, CSV_LINES),
                },
            )
        )
    ],
    check_specs=checks.SPECS,
    name="fact_invoice_lines",
    pool=pools.WAREHOUSE,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def fact_invoice_lines(
    context: dg.AssetExecutionContext,
    config: Approval,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    gate: dg.ResourceParam[Gate],
) -> Results:
    """Publish the days' CSV in the warehouse, and check the fact table."""
    days = days_of(context)
    with translate_errors(context), Meter().on(lake.s3.meta.events) as meter:
        migrations.migrate(warehouse)
        began = time.monotonic()
        approved = replace(gate, approved=config.approve)
        published, refused = _publish(warehouse, lake, days, approved)
        seconds = time.monotonic() - began
        held, rows, results = _checked(lake, warehouse, days, published, refused)
        metadata = _copied(lake, warehouse, list(published.values())) | {
            "dagster/row_count": rows,
            "dagster/table_name": stage.FACT,
            "days_changed": len(published),
            "seconds": round(seconds, 3),
        }
        busy = bill.rpu_seconds(time.monotonic() - began, recorded().base_rpus)
        meter.add({"redshift_rpu_seconds": busy})
        metadata |= describe.spent(meter.take())
    shown = {day: _day_metadata(totals, published.get(day)) for day, totals in held.items()}
    if len(shown) == len(days):
        for day, facts in shown.items():
            context.add_asset_metadata(facts, partition_key=day.isoformat())
        yield dg.MaterializeResult(asset_key=FACT_LINES, metadata=metadata, check_results=results)
        return
    for day, facts in shown.items():  # one result would show the other days as loaded, too
        partition_key = day.isoformat()
        event = dg.AssetMaterialization(FACT_LINES, metadata=facts, partition=partition_key)
        context.log_event(event)
    yield from results
    why = checks.failed(results)
    log_failure(context, why)
    raise dg.Failure(description=why, allow_retries=False)


def _checked(
    lake: Lake,
    warehouse: Warehouse,
    days: Sequence[date],
    published: Collection[date],
    refused: RefusedDaysError | None,
) -> tuple[dict[date, Totals], int, list[dg.AssetCheckResult]]:
    """Return the sums of the days that are right, the fact table's rows, the checks' results.

    The rules of the published days were asked before the commit.
    """
    kept, faults = (set(refused.days), refused.faults) if refused else (set[date](), {})
    as_before = [day for day in days if day not in published]
    with warehouse.session() as session:
        fact = stage.fact_totals(session, min(days), max(days))
        held = {day: fact.get(day, Totals()) for day in days if day not in kept}
        made, newest = range_reads.committed(lake, list(held)), ledger.newest(session, days)
        differing = [day for day, t in held.items() if t != _expected(made[day], newest.get(day))]
        faults = quality.merged(faults, quality.broken_rules(session, as_before))
        results = checks.of_days(session, days, differing, faults)
        right = {day: totals for day, totals in held.items() if day not in differing}
        return right, stage.fact_rows(session), results


def _expected(manifest: Manifest, entry: Entry | None) -> Totals:
    """Return what the day's rows must sum up to: its CSV, or what was published of a running day.

    The CSV of a running day may be built again before this check.
    """
    return entry.totals if entry and entry.running_until else manifest.totals


def _publish(
    warehouse: Warehouse, lake: Lake, days: Sequence[date], gate: Gate
) -> tuple[Mapping[date, Entry], RefusedDaysError | None]:
    try:
        return load.publish(warehouse, lake, days, gate=gate), None
    except RefusedDaysError as error:
        return error.published, error


def _day_metadata(totals: Totals, published: Entry | None) -> dict[str, Any]:
    metadata = describe.sums(totals) | {"changed": published is not None}
    return metadata | (_version(published) if published else {})


def _version(entry: Entry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "cause": entry.cause,
        "rows_added": entry.change.added,
        "rows_removed": entry.change.removed,
        "rows_changed": entry.change.changed,
        "revenue_before": describe.exact(entry.amount_before),
    } | ({"running_until": f"{entry.running_until} UTC"} if entry.running_until else {})


def _copied(lake: Lake, warehouse: Warehouse, entries: Sequence[Entry]) -> dict[str, Any]:
    if not entries:
        return {}
    key = keys.copy_manifest_key(keys.copy_prefix(entries[0].generation), 0)
    statement = stage.copy_statement(f"s3://{lake.csv.name}/{key}", warehouse.copy_role)
    files = dg.MetadataValue.url(lake.csv.link(key))
    return {"copy": describe.sql(statement), "copied_files": files}


ALL = [fact_invoice_lines]
