"""The report's interface for other packages: read its marts, render the page."""

from collections.abc import Mapping

from ecom_pipeline.bi import marts
from ecom_pipeline.bi.marts import Table
from ecom_pipeline.domain.currency import Currency
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
    """Return the marts of the page and data_trust, read in one transaction."""
    return marts.read(warehouse, (*MARTS, DATA_TRUST))


def render(tables: Tables, currency: Currency) -> str:
    """Return the whole page as HTML; equal rows give equal bytes."""
    # importing altair costs 0.9 CPU seconds (measured 2026-11-27): only when rendering
    from ecom_pipeline.bi.report import page  # noqa: PLC0415

    return page.render(tables, currency)
