"""The allocations of known customers' cancelled lines, by the rule of domain/returns.py.

A match depends on what earlier matches left, so the rule is sequential and not a SELECT. The lines
of touched customers are numbered in a temporary table and fetched some hundred customers at a time.
What goes back is numbers: cancelled line, sale line, pieces. sql/marts/returns.sql makes the rows
of marts.returns of them.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from ecom_pipeline.domain import returns
from ecom_pipeline.domain.returns import Line, Match
from ecom_pipeline.warehouse.session import Row, Session

NO_SALE = 0  # the numbers of lines begin with 1

_CUSTOMERS_AT_ONCE = 500
_ROWS_AT_ONCE = 500
_TABLES = (
    "create temp table returned_lines as"
    " select row_number() over (order by f.customer_id, f.stock_code, f.invoice_date, f.event_id)"
    " as number, f.customer_id, f.stock_code, f.kind, f.invoice_date, f.invoice_time,"
    " f.invoice_no, f.event_id, f.unit_price, f.quantity"
    " from sales.fact_invoice_lines f join ("
    "select distinct customer_id, stock_code from sales.fact_invoice_lines"
    " where kind = 'cancellation' and customer_id in (select customer_id from touched_customers)"
    ") r on r.customer_id = f.customer_id and r.stock_code = f.stock_code"
    " where f.kind in ('sale', 'cancellation')",
    "create temp table allocations"
    " (cancelled bigint, sale bigint, pieces bigint, match varchar(16))",
)


def allocate(session: Session) -> None:
    """Make the temporary tables `returned_lines` and `allocations` of the touched customers."""
    for statement in _TABLES:
        session.run(statement)
    waiting: list[Row] = []
    for lines in _by_customers(session):
        waiting += allocations(lines)
        while len(waiting) >= _ROWS_AT_ONCE:
            _insert(session, waiting[:_ROWS_AT_ONCE])
            del waiting[:_ROWS_AT_ONCE]
    if waiting:
        _insert(session, waiting)


def allocations(lines: Iterable[Row]) -> Iterator[Row]:
    """Yield the allocations of lines that are sorted by customer and stock code."""
    for _, group in groupby(lines, lambda line: line[:2]):
        sold: dict[Line, int] = {}
        cancelled: dict[Line, int] = {}
        for _, _, number, kind, time, invoice, event_id, price, quantity in group:
            if kind == "sale":
                sold[Line(time, invoice, event_id, price, quantity)] = number
            else:
                cancelled[Line(time, invoice, event_id, price, -quantity)] = number
        for match in returns.match(sold, cancelled):
            yield from _rows(match, cancelled[match.cancelled], sold)


def _rows(match: Match, cancelled: int, numbers: dict[Line, int]) -> Iterator[Row]:
    """Yield a row for each allocation, and one for unmatched pieces."""
    for sale, pieces in match.allocations:
        yield cancelled, numbers[sale], pieces, match.fit.value
    if match.unmatched:
        yield cancelled, NO_SALE, match.unmatched, match.fit.value


def _by_customers(session: Session) -> Iterator[list[Row]]:
    """Yield the lines of some customers at a time, for bounded memory."""
    found = session.rows("select distinct customer_id from returned_lines order by 1")
    customers = [customer for (customer,) in found]
    for start in range(0, len(customers), _CUSTOMERS_AT_ONCE):
        these = customers[start : start + _CUSTOMERS_AT_ONCE]
        yield session.rows(
            "select customer_id, stock_code, number, kind, invoice_time, invoice_no, event_id,"
            " unit_price, quantity from returned_lines"
            " where customer_id between %s and %s order by 1, 2",
            [these[0], these[-1]],
        )


def _insert(session: Session, rows: list[Row]) -> None:
    places = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
    values = [value for row in rows for value in row]
    session.run(f"insert into allocations values {places}", values)
