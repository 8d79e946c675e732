"""The assets of the batch path, in the order that data flows.

Each takes one day or a range of days: a range is one run, one COPY, one transaction.
"""

from collections.abc import Iterator

import dagster as dg

from ecom_pipeline.batch import load, migrations, partition
from ecom_pipeline.batch.catalog import CSV_TABLE, Catalog
from ecom_pipeline.batch.lake import Lake
from ecom_pipeline.batch.manifest import Manifest
from ecom_pipeline.batch.warehouse import Warehouse
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import COLUMNS, PARTITION
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.orchestration.partitions import DAYS, days_of

RAW_EVENTS = dg.AssetKey(["lake", "raw_events"])
CSV_LINES = dg.AssetKey(["lake", "csv_invoice_lines"])
CATALOG_CSV = dg.AssetKey(["catalog", "csv_invoice_lines"])
FACT_LINES = dg.AssetKey(["warehouse", "fact_invoice_lines"])

CONSERVED = "every_raw_record_is_accounted_for"
EQUALS_CSV = "fact_equals_csv"

Results = Iterator[dg.MaterializeResult]  # type: ignore[type-arg]


def _schema(*, csv: bool) -> dg.TableSchema:
    columns = COLUMNS if csv else (*COLUMNS, PARTITION)
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type="text" if csv else column.redshift,
                description=column.comment,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in columns
        ]
    )


def _spec(key: dg.AssetKey, *, deps: list[dg.AssetKey], kinds: set[str], text: str) -> dg.AssetSpec:
    schema = _schema(csv=key == CSV_LINES)
    return dg.AssetSpec(
        key,
        deps=deps,
        description=text,
        group_name=key.path[0],
        kinds=kinds,
        partitions_def=DAYS,
        metadata={} if key == RAW_EVENTS else {"dagster/column_schema": schema},
    )


def _sums(totals: Totals) -> dict[str, object]:
    return {
        "dagster/partition_row_count": totals.rows,
        "pieces": totals.quantity,
        "revenue": float(totals.amount),  # for the plot; the exact figure is beside it
        "revenue_exact": f"£{totals.amount}",
        "digest": f"{totals.digest:x}",
    }


@dg.multi_asset(
    specs=[
        _spec(
            RAW_EVENTS,
            deps=[],
            kinds={"s3", "json"},
            text="A day's events as they arrived: immutable gzip JSON lines, written by the "
            "archive function. A new object under an old day is late data.",
        )
    ],
    name="raw_events",
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def raw_events(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Results:
    """Take stock of a day's raw objects."""
    for day in days_of(context):
        objects = lake.raw_objects(day)
        context.add_asset_metadata(
            {
                "objects": len(objects),
                "bytes": sum(each.bytes for each in objects),
                "dagster/uri": f"s3://{lake.raw_bucket}/{keys.raw_prefix(day)}",
            },
            partition_key=day.isoformat(),
        )
    yield dg.MaterializeResult(asset_key=RAW_EVENTS)


@dg.multi_asset(
    specs=[
        _spec(
            CSV_LINES,
            deps=[RAW_EVENTS],
            kinds={"s3", "csv"},
            text="A day's invoice lines as gzip CSV, each event id once. The manifest, written "
            "last, commits the day and says what its parts hold.",
        )
    ],
    check_specs=[dg.AssetCheckSpec(CONSERVED, asset=CSV_LINES, blocking=True)],
    name="csv_invoice_lines",
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def csv_invoice_lines(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Results:
    """Rebuild a day's CSV from its raw objects."""
    made = []
    for day in days_of(context):
        manifest = partition.build(lake, day)
        context.add_asset_metadata(_account(lake, manifest), partition_key=day.isoformat())
        context.log.info("%s: %s rows", day, manifest.totals.rows)
        made.append(manifest)
    lost = [str(m.day) for m in made if m.unaccounted]
    yield dg.MaterializeResult(
        asset_key=CSV_LINES,
        check_results=[
            dg.AssetCheckResult(
                asset_key=CSV_LINES,
                check_name=CONSERVED,
                passed=not lost,
                metadata={
                    "days": len(made),
                    "records": sum(m.read for m in made),
                    "unaccounted_days": ", ".join(lost) or "none",
                },
            )
        ],
    )


def _account(lake: Lake, manifest: Manifest) -> dict[str, object]:
    uri = f"s3://{lake.csv_bucket}/{keys.csv_prefix(manifest.day)}"
    return _sums(manifest.totals) | {
        "raw_records": manifest.read,
        "redelivered": manifest.redelivered,
        "quarantined": sum(manifest.quarantined.values()),
        "objects": len(manifest.sources),
        "bytes": sum(part.bytes for part in manifest.parts),
        "dagster/uri": uri,
        "manifest": dg.MetadataValue.url(lake.csv_link(keys.manifest_key(manifest.day))),
    }


@dg.multi_asset(
    specs=[
        _spec(
            CATALOG_CSV,
            deps=[CSV_LINES],
            kinds={"aws", "glue"},
            text="The CSV as a Glue table with a partition a day, from the one column list.",
        )
    ],
    name="catalog_csv_invoice_lines",
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def catalog_csv(context: dg.AssetExecutionContext, catalog: dg.ResourceParam[Catalog]) -> Results:
    """Register the days' partitions."""
    days = days_of(context)
    catalog.sync(days)
    metadata = {"partitions": len(days), "dagster/table_name": f"{catalog.database}.{CSV_TABLE}"}
    yield dg.MaterializeResult(asset_key=CATALOG_CSV, metadata=metadata)


@dg.multi_asset(
    specs=[
        _spec(
            FACT_LINES,
            deps=[CSV_LINES],
            kinds={"redshift", "sql"},
            text="Every invoice line, once. A day is replaced whole, in one transaction, and only "
            "when its manifest differs from the ledger; no reader sees half a day.",
        )
    ],
    check_specs=[dg.AssetCheckSpec(EQUALS_CSV, asset=FACT_LINES, blocking=True)],
    name="fact_invoice_lines",
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def fact_invoice_lines(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
) -> Results:
    """Publish the days' CSV in the warehouse."""
    days = days_of(context)
    migrations.migrate(warehouse)
    changed = load.publish(warehouse, lake, days)
    fact = load.fact_totals(warehouse, min(days), max(days))
    differing = []
    for day in days:
        held = fact.get(day, Totals())
        if held != partition.committed(lake, day).totals:
            differing.append(str(day))
        metadata = _sums(held) | {"changed": day in changed, "dagster/table_name": load.FACT}
        context.add_asset_metadata(metadata, partition_key=day.isoformat())
    yield dg.MaterializeResult(
        asset_key=FACT_LINES,
        metadata={"days_changed": len(changed)},
        check_results=[
            dg.AssetCheckResult(
                asset_key=FACT_LINES,
                check_name=EQUALS_CSV,
                passed=not differing,
                metadata={"days": len(days), "differing_days": ", ".join(differing) or "none"},
            )
        ],
    )


ALL = [raw_events, csv_invoice_lines, catalog_csv, fact_invoice_lines]
