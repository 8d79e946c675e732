"""The BI assets, at the end of the lineage: the Tableau dashboard and the sales report."""

import dagster as dg

from ecom_pipeline.bi.report import sales
from ecom_pipeline.bi.report.headlines import headlines
from ecom_pipeline.domain import keys
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.orchestration import describe
from ecom_pipeline.orchestration.assets.marts import FOLLOW
from ecom_pipeline.orchestration.keys import (
    RECONCILED,
    SALES_DASHBOARD,
    SALES_REPORT,
    Results,
    of_mart,
)
from ecom_pipeline.orchestration.retries import translate_errors
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline.warehouse.session import Warehouse

# An external asset: Tableau reads the marts and data_trust whenever the workbook is opened
sales_dashboard = describe.spec(
    SALES_DASHBOARD,
    deps=[*map(of_mart, MARTS), RECONCILED],
    kinds={"tableau"},
    text="The Tableau workbook `bi/ecom_sales.twb`: daily sales with returns, countries, products, "
    "customer cohorts, and data quality (`sales.data_trust`).",
)


@dg.multi_asset(
    specs=[
        describe.spec(
            SALES_REPORT,
            # a reconciliation changes the report's data quality figures
            deps=[*(of_mart(mart) for mart in sales.MARTS), RECONCILED],
            kinds={"html", "s3"},
            text="The sales report as one self-contained HTML page: the content of the Tableau "
            "workbook for users without Tableau. `ecom report` writes it too.",
        ).replace_attributes(automation_condition=FOLLOW)
    ],
    name="sales_report",
)
def sales_report(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
) -> Results:
    """Write the report's page from the current marts."""
    with translate_errors(context):
        tables = sales.read(warehouse)
        page = sales.render(tables, warehouse.shop.currency)
        lake.csv.write_page(keys.REPORT, page)
    figures = {name.lower(): value for name, value, _ in headlines(tables, warehouse.shop.currency)}
    yield dg.MaterializeResult(
        asset_key=SALES_REPORT,
        metadata={
            "page": dg.MetadataValue.url(lake.csv.link(keys.REPORT)),
            "bytes": len(page.encode()),
            "rows": sum(len(table.rows) for table in tables.values()),
            **figures,
        },
    )


ALL = [sales_report, sales_dashboard]
