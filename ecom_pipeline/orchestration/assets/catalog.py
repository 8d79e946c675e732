"""The catalog's asset: Glue's tables and partitions, and the check for schema drift."""

import dagster as dg

from ecom_pipeline import stages
from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER, PARTITION
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.catalog import CSV_TABLE, Catalog
from ecom_pipeline.orchestration import checks, describe
from ecom_pipeline.orchestration.keys import CATALOG_CSV, CSV_LINES, Results
from ecom_pipeline.orchestration.partitions import days_of
from ecom_pipeline.orchestration.retries import translate_errors
from ecom_pipeline.warehouse import migrations, schema
from ecom_pipeline.warehouse.session import Warehouse


@dg.multi_asset(
    specs=[
        describe.daily(
            describe.spec(
                CATALOG_CSV,
                deps=[CSV_LINES],
                kinds={"aws", "glue"},
                text="The CSV as a Glue table with a partition a day, and the fact table's schema, "
                "both derived from the column list: no crawler infers types.",
                metadata={
                    "dagster/column_schema": describe.schema((*COLUMNS, PARTITION)),
                    "dagster/column_lineage": describe.lineage(
                        {name: [name] for name in CSV_HEADER}, CSV_LINES
                    ),
                },
            )
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            checks.COLUMNS_AGREE,
            asset=CATALOG_CSV,
            blocking=True,
            description="Glue, CSV headers and Redshift have the columns of the column list.",
        )
    ],
    name="catalog_csv_invoice_lines",
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def catalog_csv(
    context: dg.AssetExecutionContext,
    catalog: dg.ResourceParam[Catalog],
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
) -> Results:
    """Register the days' partitions, then compare the columns of Glue, CSV and Redshift."""
    days = days_of(context)
    with translate_errors(context), stages.stage("catalog", days):
        catalog.sync(days)
        migrations.migrate(warehouse)
        found = schema.drift(catalog, lake, warehouse, days)
    yield dg.MaterializeResult(
        asset_key=CATALOG_CSV,
        metadata={
            "partitions": len(days),
            "dagster/table_name": f"{catalog.database}.{CSV_TABLE}",
        },
        check_results=[
            checks.result(
                CATALOG_CSV,
                checks.COLUMNS_AGREE,
                checks.findings(found),
                {"columns": len(COLUMNS) + 1},
            )
        ],
    )


ALL = [catalog_csv]
