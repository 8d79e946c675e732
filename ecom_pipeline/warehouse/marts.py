"""The marts for analysts, refreshed from the fact table in one transaction.

Only days with another version in the ledger than the marts were built from are computed again,
with their customers' returns and their months' baskets. The SQL is in sql/marts, the matching of
returns in returns.py; the tables and views are created by migrations, from 0003_marts.sql on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from types import MappingProxyType

from ecom_pipeline.domain.columns import Column
from ecom_pipeline.warehouse import returns
from ecom_pipeline.warehouse.session import Row, Session, Warehouse, retrying

SCHEMA = "marts"

_BUILDS = "marts.builds"
_BY_DAY = ("sale_days", "customer_days", "product_days", "country_days")
_THESE_DAYS = "invoice_date in (select invoice_date from touched_days)"
_TOUCHED = (
    "create temp table touched_days as"
    " select l.invoice_date, l.version"
    " from (select invoice_date, max(version) as version from sales.load_ledger"
    " group by invoice_date) l"
    f" left join {_BUILDS} b on b.invoice_date = l.invoice_date"
    " where b.version is null or b.version <> l.version",
    # both the customers of the previous version's rows and those of the new rows
    "create temp table touched_customers as"
    f" select customer_id from marts.customer_days where {_THESE_DAYS}"
    " union select customer_id from sales.fact_invoice_lines"
    f" where {_THESE_DAYS} and customer_id is not null",
    "create temp table touched_months as"
    " select distinct date_trunc('month', invoice_date)::date as month from touched_days",
)
_OUTDATED = {
    **dict.fromkeys(_BY_DAY, _THESE_DAYS),
    "returns": "customer_id in (select customer_id from touched_customers)"
    f" or (customer_id is null and {_THESE_DAYS})",
    "basket_pairs": "month in (select month from touched_months)",
}


@dataclass(frozen=True, slots=True)
class Mart:
    """A table or view for analysts: its description and its columns.

    `balances` are pairs of SQL queries whose sums must be equal, by the name of the sum.
    """

    name: str
    text: str
    columns: tuple[Column, ...]
    balances: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    schema: str = SCHEMA

    @property
    def table(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The days that were refreshed, and the number of rows of each mart by name."""

    days: Sequence[date]
    rows: Mapping[str, int]


def refresh(warehouse: Warehouse, marts: Sequence[Mart]) -> Refreshed:
    """Refresh all marts to the ledger's newest versions; a no-op when they are up to date."""
    return retrying(lambda: _attempt(warehouse, marts))


def imbalances(session: Session, mart: Mart) -> list[str]:
    """Return a description of each sum of a mart that differs from its expected value."""
    found: list[str] = []
    for what, (ours, expected) in mart.balances.items():
        ((left, right),) = session.rows(f"select ({ours}), ({expected})")
        if (left or 0) != (right or 0):
            found.append(f"{what}: {left or 0}, expected {right or 0}")
    return found


def head(session: Session, mart: Mart, rows: int) -> list[Row]:
    """Return the first `rows` rows of a mart, in a fixed order."""
    names = ", ".join(column.name for column in mart.columns)
    return session.rows(f"select {names} from {mart.table} order by 1, 2, 3 limit {rows}")


def _attempt(warehouse: Warehouse, marts: Sequence[Mart]) -> Refreshed:
    with warehouse.session() as session:
        session.run(f"lock {_BUILDS}")  # the first statement: the snapshot is newer than the lock
        for statement in _TOUCHED:
            session.run(statement)
        days = [day for (day,) in session.rows("select invoice_date from touched_days order by 1")]
        if days:
            _rebuild(session)
        counts = {mart.name: _count(session, mart) for mart in marts}
        session.commit()
        return Refreshed(days, counts)


def _rebuild(session: Session) -> None:
    returns.allocate(session)
    for table, outdated in _OUTDATED.items():
        session.run(f"delete from {SCHEMA}.{table} where {outdated}")
        session.run(f"insert into {SCHEMA}.{table} {_select(table)}")
    session.run(f"delete from {_BUILDS} where {_THESE_DAYS}")
    session.run(f"insert into {_BUILDS} select invoice_date, version from touched_days")


def _count(session: Session, mart: Mart) -> int:
    ((rows,),) = session.rows(f"select count(*) from {mart.table}")
    return int(rows)


def _select(table: str) -> str:
    text = (files("ecom_pipeline.warehouse") / "sql" / "marts" / f"{table}.sql").read_text()
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))
