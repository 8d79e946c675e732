"""The lake's assets: a day's raw objects, and the CSV built from them."""

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from ecom_pipeline import stages
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER
from ecom_pipeline.lake import partition, range_reads, rules
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.engines import Built, Engine
from ecom_pipeline.lake.manifest import Manifest
from ecom_pipeline.orchestration import checks, describe, pools
from ecom_pipeline.orchestration.causes import Finding
from ecom_pipeline.orchestration.engines import EngineFor
from ecom_pipeline.orchestration.keys import CSV_LINES, RAW_EVENTS, Results
from ecom_pipeline.orchestration.partitions import days_of
from ecom_pipeline.orchestration.retries import translate_errors

_MOST_NEWS = 50  # progress messages of a run: Dagster takes 8 ms to log a line
_COMPUTED = {"amount": ("Quantity", "UnitPrice"), "kind": ("InvoiceNo", "Quantity", "UnitPrice")}
_MADE_OF = {c.name: (c.wire,) if c.wire else _COMPUTED.get(c.name, (c.name,)) for c in COLUMNS}


@dg.multi_asset(
    specs=[
        describe.daily(
            describe.spec(
                RAW_EVENTS,
                deps=[],
                kinds={"s3", "json"},
                text="A day's events as sent: immutable gzip JSON lines, written by the "
                "archive function. A new object under an old day is late data.",
            )
        )
    ],
    name="raw_events",
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def raw_events(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Results:
    """Record the number and size of each day's raw objects as metadata."""
    days = days_of(context)
    with translate_errors(context), stages.stage("list", days) as counts:
        pools.log_queue(context.instance, context.run.run_id)
        for day, objects in range_reads.raw_objects(lake, days).items():
            found = {"objects": len(objects), "bytes": sum(each.bytes for each in objects)}
            counts.update({name: counts.get(name, 0) + n for name, n in found.items()})
            context.add_asset_metadata(
                found | {"dagster/uri": f"s3://{lake.raw.name}/{keys.raw_prefix(day)}"},
                partition_key=day.isoformat(),
            )
    yield dg.MaterializeResult(asset_key=RAW_EVENTS)


@dg.multi_asset(
    specs=[
        describe.made_by(
            f"rules {rules.VERSION}",
            describe.daily(
                describe.spec(
                    CSV_LINES,
                    deps=[RAW_EVENTS],
                    kinds={"s3", "csv"},
                    text="A day's invoice lines as gzip CSV, each event id once. The manifest, "
                    "written last, commits the day and has the totals of its parts. Invalid "
                    "records are in quarantine, with the reason.",
                    metadata={
                        "dagster/column_schema": describe.schema(COLUMNS, text_only=True),
                        "dagster/column_lineage": describe.lineage(_MADE_OF, RAW_EVENTS),
                    },
                )
            ),
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            checks.CONSERVED,
            asset=CSV_LINES,
            blocking=True,
            description="Raw records = rows + redelivered + quarantined + erased + "
            "retracted, for every day.",
        )
    ],
    name="csv_invoice_lines",
    pool=pools.LAKE_CSV,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def csv_invoice_lines(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    engine: dg.ResourceParam[EngineFor],
) -> Results:
    """Rebuild the days' CSV from their raw objects."""
    made: list[Manifest] = []
    days = days_of(context)
    with translate_errors(context):
        try:
            for manifest, seconds, usage in _logged(engine(context), days):
                made.append(manifest)
                account = _account(lake, manifest) | {"seconds": round(seconds, 3)}
                account |= describe.spent(usage) if usage else {}  # Spark jobs are not metered
                context.add_asset_metadata(account, partition_key=manifest.day.isoformat())
                if not len(made) % math.ceil(len(days) / _MOST_NEWS):
                    context.log.info(f"{len(made)} of {len(days)} days, {manifest.day} the last")
        except Exception:
            _keep_progress(context, lake, made)
            raise
        newest = max(made, key=lambda each: each.day)
        shown = describe.preview(CSV_HEADER, partition.head(lake, newest, describe.PREVIEW_ROWS))
        context.add_asset_metadata({"preview": shown}, partition_key=newest.day.isoformat())
    lost = [
        Finding(day=str(each.day), what=f"{each.day}: {each.unaccounted} raw records unaccounted")
        for each in made
        if each.unaccounted
    ]
    numbers = {"days": len(made), "records": sum(each.read for each in made)}
    yield dg.MaterializeResult(
        asset_key=CSV_LINES,
        check_results=[checks.result(CSV_LINES, checks.CONSERVED, lost, numbers)],
    )


def _logged(engine: Engine, days: list[date]) -> Iterator[Built]:
    """Build the days, as a stage of the log with the counts of those that were built."""
    with stages.stage("build", days) as counts:
        for built in engine.build(days):
            parts = built.manifest.parts
            numbers = {
                "records": built.manifest.read,
                "rows": built.manifest.totals.rows,
                "parts": len(parts),
                "bytes": sum(part.bytes for part in parts),
            }
            counts.update({name: counts.get(name, 0) + n for name, n in numbers.items()})
            yield built


def _keep_progress(context: dg.AssetExecutionContext, lake: Lake, made: list[Manifest]) -> None:
    """Report the days built before a failure; a failed run reports none (Dagster #17836)."""
    for each in made:
        context.log_event(
            dg.AssetMaterialization(
                CSV_LINES, partition=each.day.isoformat(), metadata=_account(lake, each)
            )
        )


def _account(lake: Lake, manifest: Manifest) -> dict[str, Any]:
    return describe.sums(manifest.totals) | {
        "raw_records": manifest.read,
        "redelivered": manifest.redelivered,
        "quarantined": sum(manifest.quarantined.values()),
        "objects": len(manifest.sources),
        "bytes": sum(part.bytes for part in manifest.parts),
        "dagster/uri": f"s3://{lake.csv.name}/{keys.csv_prefix(manifest.day)}",
        "manifest": dg.MetadataValue.url(lake.csv.link(keys.manifest_key(manifest.day))),
    }


ALL = [raw_events, csv_invoice_lines]
