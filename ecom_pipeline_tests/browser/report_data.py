"""Marts as input of the report, without a warehouse: a shop with any number of days."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from ecom_pipeline.bi.marts import Table, base_type
from ecom_pipeline.warehouse.mart_list import (
    COHORTS,
    COUNTRIES,
    CUSTOMERS,
    DAILY_SALES,
    DATA_TRUST,
    PRODUCTS,
)

EMPTY = {"bigint": 0, "decimal": Decimal(0), "varchar": "", "date": date(2011, 1, 1)}
TRUST = {
    "as_of": datetime.fromisoformat("2011-12-10 03:02"),
    "last_event": datetime.fromisoformat("2011-12-09 12:50"),
    "reconciled": "yes",
    "reconciled_at": datetime.fromisoformat("2011-12-10 06:01"),
}


def table(mart, records):
    """Return a mart with these rows; what a record does not say is nothing."""
    rows = [
        tuple(record.get(column.name, EMPTY.get(base_type(column))) for column in mart.columns)
        for record in records
    ]
    return Table(mart, rows)


def shop(days, *, product="WHITE MUG", country="United Kingdom", **trust):
    """Return the marts of a shop that has sold for so many days, and for none of its own."""
    dates = [date(2010, 12, 1) + timedelta(days=n) for n in range(days)]
    money = {"gross": Decimal("20.005"), "returned": Decimal(-5), "net": Decimal("15.005")}
    months = min(days // 28, 12)
    return {
        each.mart.name: each
        for each in (
            table(DAILY_SALES, [{"invoice_date": day, "invoices": 2, **money} for day in dates]),
            table(CUSTOMERS, [{"customer_id": "98765432123"}] if days else []),
            table(COHORTS, _cohorts(months) if days else []),
            table(PRODUCTS, [_product(n, product) for n in range(min(days, 20))]),
            table(COUNTRIES, _countries(country) if days else []),
            table(DATA_TRUST, [TRUST | trust]),
        )
    }


def _cohorts(months):
    return [
        {
            "cohort_month": date(2010 + (11 + n) // 12, (11 + n) % 12 + 1, 1),
            "months_after": after,
            "customers": 40 - 3 * after,
        }
        for n in range(months + 1)
        for after in range(months + 1 - n)
    ]


def _product(n, name):
    sold, back = Decimal(100 - n), Decimal(n - 20)
    return {
        "stock_code": f"1000{n}",
        "description": name,
        "gross": sold,
        "returned": back,
        "net": sold + back,
        "pieces_sold": 12,
    }


def _countries(home):
    others = [{"country": f"Country {n}", "net": Decimal(n)} for n in range(1, 20)]
    return [{"country": home, "net": Decimal("8187806.364")}, *others]
