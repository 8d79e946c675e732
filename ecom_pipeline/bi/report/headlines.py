"""The report's headlines: the figures of all days."""

from collections.abc import Mapping
from decimal import Decimal

from ecom_pipeline.bi.marts import Table
from ecom_pipeline.bi.report import words
from ecom_pipeline.bi.report.figure import total
from ecom_pipeline.domain.currency import Currency
from ecom_pipeline.warehouse.mart_list import CUSTOMERS, DAILY_SALES


def headlines(tables: Mapping[str, Table], currency: Currency) -> list[tuple[str, str, str]]:
    """Return the figures of all days: the name, the value and a note of each."""
    days, customers = tables[DAILY_SALES.name].records(), len(tables[CUSTOMERS.name].rows)
    net, gross, returned, adjusted = (
        total(days, name) for name in ("net", "gross", "returned", "adjusted")
    )
    pieces, invoices = (sum(each[name] for each in days) for name in ("pieces", "invoices"))
    return [
        ("Net revenue", words.money(net, currency), _net_of(adjusted, currency)),
        ("Gross", words.money(gross, currency), "sold"),
        (
            "Returned",
            words.money(returned, currency),
            f"{words.percent(-returned, gross)} of gross",
        ),
        ("Invoices", words.count(invoices), "with cancellations"),
        ("Customers", words.count(customers), "guests aside"),
        ("Pieces", words.count(pieces), "less those returned"),
    ]


def _net_of(adjusted: Decimal, currency: Currency) -> str:
    return (
        f"gross less returns, {words.money(adjusted, currency)} adjusted"
        if adjusted
        else "gross less returns"
    )
