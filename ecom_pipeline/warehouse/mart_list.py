"""The marts: purpose, columns, and sums that must be equal. Their SQL is in warehouse/sql."""

from types import MappingProxyType

from ecom_pipeline.domain.columns import Column
from ecom_pipeline.domain.returns import Fit
from ecom_pipeline.warehouse.marts import Mart

_MONEY = "decimal(22,4)"
_BUILT = (
    "from sales.load_ledger l join marts.builds b"
    " on b.invoice_date = l.invoice_date and b.version = l.version"
)
_LEDGER_NET = f"select sum(l.amount) {_BUILT}"
_DAYS = "from marts.daily_sales"
_DAILY_NET = f"select sum(net) {_DAYS}"
_CUSTOMERS = "from marts.customers"
_LEDGER_LINES = f"select sum(l.row_count) {_BUILT}"


def _column(name: str, kind: str, comment: str) -> Column:
    return Column(name=name, redshift=kind, glue=kind, comment=comment, nullable=True)


_GROSS = _column("gross", _MONEY, "Sold, in the shop's currency like every amount")
_RETURNED = _column("returned", _MONEY, "Amount of cancelled lines, negative")
_NET = _column("net", _MONEY, "All amounts: sales, returns, adjustments")
_UNTIL = "Up to when a day that is not over is loaded, in the shop's time zone"
_LINES = _column("lines", "bigint", "Invoice lines of every kind")


def _equal_to_the_ledger(mart: str) -> dict[str, tuple[str, str]]:
    rows = f"from marts.{mart}"
    return {
        "net": (f"select sum(net) {rows}", _LEDGER_NET),
        "lines": (f"select sum(lines) {rows}", _LEDGER_LINES),
        "gross": (f"select sum(gross) {rows}", f"select sum(gross) {_DAYS}"),
        "returned": (f"select sum(returned) {rows}", f"select sum(returned) {_DAYS}"),
    }


DAILY_SALES = Mart(
    "daily_sales",
    "Sales and returns by day. `net` counts a return on the day of the return, `net_by_sale_date` "
    "on the day of the sale, where the sale is known (marts.returns).",
    (
        _column("invoice_date", "date", "The day"),
        _GROSS,
        _RETURNED,
        _column("adjusted", _MONEY, "Amount of bad debt adjustments"),
        _NET,
        _column("net_by_sale_date", _MONEY, "Net, with each matched return on its sale's day"),
        _column("pieces", "bigint", "Pieces sold, less pieces returned and written off"),
        _column("pieces_written_off", "bigint", "Pieces damaged, lost, or found (negative)"),
        _column("invoices", "bigint", "Invoices, including cancellations"),
        _column("customers", "bigint", "Known customers (no guests)"),
        _LINES,
        _column("guest_lines", "bigint", "Lines of guests (without a customer id)"),
        _column("guest_net", _MONEY, "Net of guests (without a customer id)"),
        _column("running_until", "timestamp", f"{_UNTIL}; null: the day is over"),
    ),
    MappingProxyType(
        _equal_to_the_ledger("daily_sales")
        | {
            "net by sale date": (f"select sum(net_by_sale_date) {_DAYS}", _DAILY_NET),
            "kinds": (f"select sum(gross + returned + adjusted) {_DAYS}", _DAILY_NET),
        }
    ),
)
CUSTOMERS = Mart(
    "customers",
    "Each known customer: recency, frequency and monetary value, first and last order, cohort.",
    (
        _column("customer_id", "varchar(20)", "The customer"),
        _column("first_order", "date", "Day of the first order; null with returns only"),
        _column("last_order", "date", "Day of the newest order; null with returns only"),
        _column("cohort_month", "date", "The first day of the month of the first order"),
        _column("recency_days", "bigint", "Days from the last order to the newest published day"),
        _column("frequency", "bigint", "Orders"),
        _column("monetary", _MONEY, "Net"),
        _GROSS,
        _RETURNED,
        _LINES,
        _column("country", "varchar(64)", "The newest one; 8 of the data set's customers have two"),
    ),
    MappingProxyType(
        {
            "net": (f"select sum(monetary) {_CUSTOMERS}", f"select sum(net - guest_net) {_DAYS}"),
            "lines": (
                f"select sum(lines) {_CUSTOMERS}",
                f"select sum(lines - guest_lines) {_DAYS}",
            ),
        }
    ),
)
COHORTS = Mart(
    "cohorts",
    "Retention: of the customers whose first order was in the same month, those who ordered "
    "`months_after` months later.",
    (
        _column("cohort_month", "date", "The first day of the month of the first order"),
        _column("months_after", "bigint", "Months since then; 0 is that month itself"),
        _column("customers", "bigint", "Customers who ordered in that month"),
        _column("orders", "bigint", "Orders of those customers in that month"),
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
    "Each stock code (case-sensitive): sales, returns and write-offs.",
    (
        _column("stock_code", "varchar(32)", "The product, or a service such as POST"),
        _column("description", "varchar(256)", "The newest one on a line with a price above 0"),
        _column("first_sold", "date", "The first day of a sale"),
        _column("last_sold", "date", "The newest day of a sale"),
        _column("pieces_sold", "bigint", "Pieces sold"),
        _column("pieces_returned", "bigint", "Pieces returned"),
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
        _column("customers", "bigint", "Known customers (no guests)"),
        _column("invoices", "bigint", "Invoices, including cancellations"),
        _GROSS,
        _RETURNED,
        _NET,
        _LINES,
    ),
    MappingProxyType(_equal_to_the_ledger("countries")),
)
RETURNS = Mart(
    "returns",
    "Cancelled lines and the sale lines that they are matched to: a row per cancelled line and "
    "sale line, and a row for unmatched pieces. Earlier sales of the same customer and product are "
    "chosen by same price, as many pieces left, latest; no sale is returned more than it sold.",
    (
        _column("event_id", "varchar(128)", "The cancelled line"),
        _column("invoice_no", "varchar(20)", "The cancelled line's invoice"),
        _column("invoice_date", "date", "The day of the return"),
        _column("customer_id", "varchar(20)", "Null for a guest"),
        _column("stock_code", "varchar(32)", "The product"),
        _column("pieces", "bigint", "Pieces matched to the sale line, or unmatched"),
        _column("amount", _MONEY, "Amount of these pieces, negative"),
        _column("match", "varchar(16)", f"Fit of the cancelled line: {', '.join(Fit)}"),
        _column("confidence", "varchar(8)", "high, medium, low, or none for unmatched pieces"),
        _column("sale_event_id", "varchar(128)", "The sale line; null for unmatched pieces"),
        _column("sale_date", "date", "The day of the sale"),
        _column("sale_invoice_no", "varchar(20)", "The invoice of the sale"),
    ),
    MappingProxyType(
        {
            "amount": (
                "select sum(amount) from marts.returns",
                "select sum(returned) from marts.daily_sales",
            ),
            "pieces": (
                "select sum(pieces) from marts.returns",
                "select sum(pieces_returned) from marts.products",
            ),
            "duplicate rows": (
                "select count(*) from marts.returns",
                "select count(*) from (select distinct invoice_date, event_id, sale_date,"
                " sale_event_id from marts.returns)",
            ),
            "sales returned more than sold": (
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
    "Larger baskets are resellers' restocking and are excluded from pairs and totals.",
    (
        _column("month", "date", "The first day of the month"),
        _column("stock_code", "varchar(32)", "The first product of the pair, in code order"),
        _column("with_stock_code", "varchar(32)", "The second product of the pair"),
        _column("baskets", "bigint", "Invoices with both products"),
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
    "One row: data quality and freshness of the figures. The results of comparisons are as of the "
    "newest reconciliation (`ecom reconcile`, or Dagster's every morning).",
    (
        _column("as_of", "timestamp", "Time of the last publish, UTC"),
        _column("last_event", "timestamp", "The newest invoice time, in the shop's time zone"),
        _column("days_published", "bigint", "Published days, including those without rows"),
        _column("rows_published", "bigint", "Invoice lines in the fact table"),
        _column("revenue", _MONEY, "All amounts in the fact table"),
        _column("days_not_in_marts", "bigint", "Days whose newest version is not in the marts"),
        _column(
            "reconciled",
            "varchar(7)",
            "yes: all stores have every event; no: a day differs; unknown: none differs, but some "
            "were not compared since their last publish",
        ),
        _column("reconciled_at", "timestamp", "Time of the last comparison of stores, UTC"),
        _column("days_differing", "bigint", "Days on which the stores differ"),
        _column("days_unreconciled", "bigint", "Days over, not compared since their last publish"),
        _column("quarantine_open", "bigint", "Quarantined records, as of the last comparison"),
        _column("quarantine_discarded", "bigint", "Discarded records, as of that comparison"),
        _column("days_pending", "bigint", "Days with unpublished events, as of that comparison"),
        _column("currency", "varchar(3)", "The currency of all amounts, in ISO 4217"),
        _column("running_until", "timestamp", f"{_UNTIL}; null: all published days are over"),
    ),
    schema="sales",
)

MARTS = (DAILY_SALES, CUSTOMERS, COHORTS, PRODUCTS, COUNTRIES, RETURNS, BASKET_PAIRS)
