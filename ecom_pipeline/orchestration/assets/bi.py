"""What people look at: the lineage ends here."""

from ecom_pipeline.batch.mart_list import MARTS
from ecom_pipeline.orchestration import describe
from ecom_pipeline.orchestration.keys import SALES_DASHBOARD, of_mart

# Dagster doesn't make it: it reads the marts whenever somebody opens it
sales_dashboard = describe.spec(
    SALES_DASHBOARD,
    deps=[of_mart(mart) for mart in MARTS],
    kinds={"tableau"},
    text="The Tableau workbook `bi/ecom_sales.twb`: daily sales with returns, countries, products, "
    "customer cohorts, and how far these can be trusted (`sales.data_trust`).",
)

ALL = [sales_dashboard]
