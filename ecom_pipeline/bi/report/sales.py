"""The report as others ask for it: what it reads, its headlines, and the page."""

from collections.abc import Mapping
from decimal import Decimal

from ecom_pipeline.bi import marts
from ecom_pipeline.bi.marts import Table
from ecom_pipeline.bi.report import words
from ecom_pipeline.bi.report.figure import total
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


def headlines(tables: Mapping[str, Table]) -> list[tuple[str, str, str]]:
    """Return the figures of all days: what each is, its value, and what belongs to it."""
    days, customers = tables[DAILY_SALES.name].records(), len(tables[CUSTOMERS.name].rows)
    net, gross, returned, adjusted = (
        total(days, name) for name in ("net", "gross", "returned", "adjusted")
    )
    pieces, invoices = (sum(each[name] for each in days) for name in ("pieces", "invoices"))
    return [
        ("Net revenue", words.pounds(net), _net_of(adjusted)),
        ("Gross", words.pounds(gross), "sold"),
        ("Returned", words.pounds(returned), f"{words.percent(-returned, gross)} of gross"),
        ("Invoices", words.count(invoices), "with cancellations"),
        ("Customers", words.count(customers), "guests aside"),
        ("Pieces", words.count(pieces), "less those returned"),
    ]


def _net_of(adjusted: Decimal) -> str:
    return (
        f"gross less returns, {words.pounds(adjusted)} adjusted"
        if adjusted
        else "gross less returns"
    )
