"""The marts, one by one: what each is for, its columns, and the sums that prove it.

The trust row beside them is described here too, but it is no mart: nothing refreshes it.
"""

from types import MappingProxyType

from ecom_pipeline.domain.columns import Column
from ecom_pipeline.warehouse.marts import Mart

_MONEY = "decimal(22,4)"
_BUILT = (
    "from sales.load_ledger l join marts.builds b"
    " on b.invoice_date = l.invoice_date and b.version = l.version"
)
_LEDGER_NET = f"select sum(l.amount) {_BUILT}"
_LEDGER_LINES = f"select sum(l.row_count) {_BUILT}"


def _column(name: str, kind: str, comment: str) -> Column:
    return Column(name=name, redshift=kind, glue=kind, comment=comment, nullable=True)


_GROSS = _column("gross", _MONEY, "Pounds sold")
_RETURNED = _column("returned", _MONEY, "Pounds taken back, negative")
_NET = _column("net", _MONEY, "All amounts: sales, returns, adjustments")
_LINES = _column("lines", "bigint", "Invoice lines of every kind")


def _equal_to_the_ledger(mart: str, net: str = "net") -> dict[str, tuple[str, str]]:
    return {
        "net": (f"select sum({net}) from marts.{mart}", _LEDGER_NET),
        "lines": (f"select sum(lines) from marts.{mart}", _LEDGER_LINES),
    }


DAILY_SALES = Mart(
    "daily_sales",
    "What was sold and taken back, by day. Returns count on the day they came back in `net`, on "
    "the day of the sale in `net_by_sale_date`, where the sale is known (marts.returns).",
    (
        _column("invoice_date", "date", "The day"),
        _GROSS,
        _RETURNED,
        _column("adjusted", _MONEY, "Bad debts, adjusted"),
        _NET,
        _column("net_by_sale_date", _MONEY, "Net, with each matched return on its sale's day"),
        _column("pieces", "bigint", "Pieces out, less pieces back and written off"),
        _column("pieces_written_off", "bigint", "Pieces damaged, lost, or found (negative)"),
        _column("invoices", "bigint", "Invoices, cancellations among them"),
        _column("customers", "bigint", "Known customers"),
        _LINES,
        _column("guest_lines", "bigint", "Lines of no known customer"),
        _column("guest_net", _MONEY, "Net of no known customer"),
    ),
    MappingProxyType(
        _equal_to_the_ledger("daily_sales")
        | {
            "net by sale date": (
                "select sum(net_by_sale_date) from marts.daily_sales",
                "select sum(net) from marts.daily_sales",
            )
        }
    ),
)
CUSTOMERS = Mart(
    "customers",
    "Each known customer: recency, frequency and monetary value, first and last order, cohort.",
    (
        _column("customer_id", "varchar(20)", "The customer"),
        _column("first_order", "date", "Null when there are only returns"),
        _column("last_order", "date", "The newest order"),
        _column("cohort_month", "date", "The first day of the month of the first order"),
        _column("recency_days", "bigint", "Days from the last order to the newest day of all"),
        _column("frequency", "bigint", "Orders"),
        _column("monetary", _MONEY, "Net"),
        _GROSS,
        _RETURNED,
        _LINES,
        _column("country", "varchar(64)", "The newest; 8 of the data set's customers have two"),
    ),
    MappingProxyType(
        {
            "net": (
                "select sum(monetary) from marts.customers",
                "select sum(net - guest_net) from marts.daily_sales",
            ),
            "lines": (
                "select sum(lines) from marts.customers",
                "select sum(lines - guest_lines) from marts.daily_sales",
            ),
        }
    ),
)
COHORTS = Mart(
    "cohorts",
    "Of the customers who ordered first in the same month, those who ordered so many months later.",
    (
        _column("cohort_month", "date", "The first day of the month of the first order"),
        _column("months_after", "bigint", "Months since then; 0 is that month itself"),
        _column("customers", "bigint", "Customers who ordered in that month"),
        _column("orders", "bigint", "Their orders"),
    ),
    MappingProxyType(
        {
            "customers of the first month": (
                "select sum(customers) from marts.cohorts where months_after = 0",
                "select count(first_order) from marts.customers",
            ),
            "orders": (
                "select sum(orders) from marts.cohorts",
                "select sum(frequency) from marts.customers",
            ),
        }
    ),
)
PRODUCTS = Mart(
    "products",
    "Each stock code, case kept: what was sold, taken back and written off.",
    (
        _column("stock_code", "varchar(32)", "The product, or a service such as POST"),
        _column("description", "varchar(256)", "The newest that stands on a priced line"),
        _column("first_sold", "date", "The first day of a sale"),
        _column("last_sold", "date", "The newest day of a sale"),
        _column("pieces_sold", "bigint", "Pieces sold"),
        _column("pieces_returned", "bigint", "Pieces taken back"),
        _column("pieces_written_off", "bigint", "Pieces damaged, lost, or found (negative)"),
        _GROSS,
        _RETURNED,
        _NET,
        _LINES,
    ),
    MappingProxyType(_equal_to_the_ledger("products")),
)
COUNTRIES = Mart(
    "countries",
    "Each country of delivery.",
    (
        _column("country", "varchar(64)", "As sent; 8 of the data set's customers have two"),
        _column("customers", "bigint", "Known customers"),
        _column("invoices", "bigint", "Invoices, cancellations among them"),
        _GROSS,
        _RETURNED,
        _NET,
        _LINES,
    ),
    MappingProxyType(_equal_to_the_ledger("countries")),
)
RETURNS = Mart(
    "returns",
    "Each cancelled line and the sale line it most likely takes back. One of the same customer, "
    "product and price that sold as many pieces is a whole line (high confidence), that sold "
    "more a part of it (medium). What is taken from a sale is never more than it sold.",
    (
        _column("event_id", "varchar(128)", "The cancelled line"),
        _column("invoice_no", "varchar(20)", "Its invoice"),
        _column("invoice_date", "date", "The day it came back"),
        _column("customer_id", "varchar(20)", "Null for a guest"),
        _column("stock_code", "varchar(32)", "The product"),
        _column("pieces", "bigint", "Pieces taken back"),
        _column("amount", _MONEY, "Pounds, negative"),
        _column(
            "match",
            "varchar(16)",
            "whole_line, part_of_line, several_lines, other_price, too_many, no_sale, guest, "
            "or service",
        ),
        _column("confidence", "varchar(8)", "high, medium, low or none"),
        _column("sale_event_id", "varchar(128)", "The sale line; null below medium"),
        _column("sale_date", "date", "Its day; null below medium"),
    ),
    MappingProxyType(
        {
            "amount": (
                "select sum(amount) from marts.returns",
                "select sum(returned) from marts.daily_sales",
            ),
            "lines that stand twice": (
                "select count(*) from marts.returns",
                "select count(*) from (select distinct invoice_date, event_id from marts.returns)",
            ),
            "sales with more taken back than sold": (
                "select count(*) from (select r.sale_event_id from marts.returns r"
                " join sales.fact_invoice_lines s on s.event_id = r.sale_event_id"
                " and s.invoice_date = r.sale_date"
                " group by r.sale_date, r.sale_event_id, s.quantity"
                " having sum(r.pieces) > s.quantity) t",
                "select 0",
            ),
        }
    ),
)
BASKET_PAIRS = Mart(
    "basket_pairs",
    "Products bought together, by month: pairs on at least three invoices of 2 to 60 products. "
    "Larger baskets are a shop's restocking; they count in no pair and in no total.",
    (
        _column("month", "date", "Its first day"),
        _column("stock_code", "varchar(32)", "The one product, first in order"),
        _column("with_stock_code", "varchar(32)", "The other"),
        _column("baskets", "bigint", "Invoices with both"),
        _column("baskets_of_month", "bigint", "Invoices of 2 to 60 products"),
    ),
    MappingProxyType(
        {
            "pairs out of order": (
                "select count(*) from marts.basket_pairs where stock_code >= with_stock_code",
                "select 0",
            ),
            "more baskets than there are": (
                "select count(*) from marts.basket_pairs where baskets > baskets_of_month",
                "select 0",
            ),
        }
    ),
)

DATA_TRUST = Mart(
    "data_trust",
    "One row: how far the figures can be trusted. What the warehouse can't know by itself is as of "
    "the newest reconciliation (`ecom reconcile`, or Dagster's every morning).",
    (
        _column("as_of", "timestamp", "When a day was published last, UTC"),
        _column("last_event", "timestamp", "The newest sale or return, on the shop's clock"),
        _column("days_published", "bigint", "Days in the fact table, those without a row too"),
        _column("rows_published", "bigint", "Invoice lines in the fact table"),
        _column("revenue", _MONEY, "All amounts in the fact table"),
        _column("days_not_in_marts", "bigint", "Days whose newest version the marts lack"),
        _column(
            "reconciled",
            "varchar(7)",
            "yes: all stores have every event of each day; no: some day differs; unknown: none "
            "does, but not each was compared since it was published",
        ),
        _column("reconciled_at", "timestamp", "When stores were compared last, UTC"),
        _column("days_differing", "bigint", "Days on which the stores differ"),
        _column("days_unreconciled", "bigint", "Days not compared since they were published"),
        _column("quarantine_open", "bigint", "Records set aside, as of the last comparison"),
        _column("days_pending", "bigint", "Days with events not published yet, as of then"),
    ),
    schema="sales",
)

MARTS = (DAILY_SALES, CUSTOMERS, COHORTS, PRODUCTS, COUNTRIES, RETURNS, BASKET_PAIRS)
