"""What people look at: the lineage ends here."""

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

# Dagster doesn't make it: it reads the marts whenever somebody opens it, and the verdict on them
sales_dashboard = describe.spec(
    SALES_DASHBOARD,
    deps=[*map(of_mart, MARTS), RECONCILED],
    kinds={"tableau"},
    text="The Tableau workbook `bi/ecom_sales.twb`: daily sales with returns, countries, products, "
    "customer cohorts, and how far these can be trusted (`sales.data_trust`).",
)


@dg.multi_asset(
    specs=[
        describe.spec(
            SALES_REPORT,
            # a reconciliation changes no figure, but how far they can be trusted
            deps=[*(of_mart(mart) for mart in sales.MARTS), RECONCILED],
            kinds={"html", "s3"},
            text="The sales report, one HTML page that needs nothing but a browser: what the "
            "Tableau workbook shows, for those without Tableau. `ecom report` writes it too.",
        ).replace_attributes(automation_condition=FOLLOW)
    ],
    name="sales_report",
)
def sales_report(lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]) -> Results:
    """Write the page of the marts as they are now."""
    with translate_errors():
        tables = sales.read(warehouse)
        page = sales.render(tables)
        lake.csv.write_page(keys.REPORT, page)
    figures = {name.lower(): value for name, value, _ in headlines(tables)}
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
