"""A customer in the warehouse: find their rows, and vacuum deleted ones.

The days are republished by warehouse/load.py. The id is a parameter of a statement, never part of
its text, which Redshift keeps in its logs.
"""

from dataclasses import dataclass
from datetime import date

from ecom_pipeline.warehouse.session import Warehouse
from ecom_pipeline.warehouse.stage import FACT

_MARTS = ("marts.customer_days", "marts.returns")  # the tables that name customers


@dataclass(frozen=True, slots=True)
class Found:
    """A customer's rows in the fact table and in the marts; days and invoices of the former."""

    rows: int
    mart_rows: int
    days: frozenset[date]
    invoices: frozenset[str]


def find(warehouse: Warehouse, customer_id: str) -> Found:
    """Count a customer's rows in the fact table and in the marts."""
    rows = warehouse.query(
        f"select invoice_date, invoice_no, count(*) from {FACT}"  # noqa: S608 - our own name
        " where customer_id = %s group by 1, 2",
        [customer_id],
    )
    marts = sum(
        int(
            warehouse.query(
                f"select count(*) from {mart} where customer_id = %s",  # noqa: S608 - our own name
                [customer_id],
            )[0][0]
        )
        for mart in _MARTS
    )
    return Found(
        rows=sum(int(number) for *_, number in rows),
        mart_rows=marts,
        days=frozenset(day for day, *_ in rows),
        invoices=frozenset(invoice for _, invoice, _ in rows),
    )


def vacuum(warehouse: Warehouse) -> None:
    """Reclaim the blocks of deleted rows: DELETE only marks rows, which still contain the id."""
    with warehouse.session() as session:
        session.connection.autocommit = True  # VACUUM can't run in a transaction
        for table in (FACT, *_MARTS):
            session.run(f"vacuum delete only {table}")
