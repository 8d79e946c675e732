"""The report as others ask for it: what it reads, and the page."""

from collections.abc import Mapping

from ecom_pipeline.bi import marts
from ecom_pipeline.bi.marts import Table
from ecom_pipeline.warehouse.mart_list import (
    COHORTS,
    COUNTRIES,
    CUSTOMERS,
    DAILY_SALES,
    DATA_TRUST,
    PRODUCTS,
)
from ecom_pipeline.warehouse.session import Warehouse

MARTS = (DAILY_SALES, CUSTOMERS, COHORTS, PRODUCTS, COUNTRIES)

Tables = Mapping[str, Table]


def read(warehouse: Warehouse) -> Tables:
    """Return what the page is made of, all of one moment: the marts and the trust row."""
    return marts.read(warehouse, (*MARTS, DATA_TRUST))


def render(tables: Tables) -> str:
    """Return the whole page as HTML: for the same rows, the same bytes."""
    # altair costs 0.9 CPU seconds (measured 2026-11-27), which only who draws should pay
    from ecom_pipeline.bi.report import page  # noqa: PLC0415

    return page.render(tables)
