"""The keys of assets that other assets depend on."""

from collections.abc import Iterator

import dagster as dg

from ecom_pipeline.warehouse.marts import Mart

RAW_EVENTS = dg.AssetKey(["lake", "raw_events"])
CSV_LINES = dg.AssetKey(["lake", "csv_invoice_lines"])
CATALOG_CSV = dg.AssetKey(["catalog", "csv_invoice_lines"])
FACT_LINES = dg.AssetKey(["warehouse", "fact_invoice_lines"])
RECONCILED = dg.AssetKey(["proof", "reconciliation"])
TABLE_SEGMENTS = dg.AssetKey(["proof", "table_segments"])
SALES_REPORT = dg.AssetKey(["bi", "sales_report"])
SALES_DASHBOARD = dg.AssetKey(["tableau", "sales_dashboard"])


def of_mart(mart: Mart) -> dg.AssetKey:
    """Return a mart's asset key."""
    return dg.AssetKey([mart.schema, mart.name])


Results = Iterator[dg.MaterializeResult | dg.AssetCheckResult]  # type: ignore[type-arg]
