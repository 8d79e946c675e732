"""The marts: refreshed to the fact table's newest versions in one transaction.

Only days with another version in the ledger than the marts were built from are computed again,
with their customers' returns and their months' baskets; all days, when the SQL or the matching of
returns was changed. The SQL is in sql/marts, the matching in returns.py; the tables and views are
created by migrations, from 0003_marts.sql on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from ecom_pipeline import stages
from ecom_pipeline.domain import returns as rule
from ecom_pipeline.domain.columns import Column
from ecom_pipeline.warehouse import lock, returns
from ecom_pipeline.warehouse.session import Row, Session, Warehouse, WarehouseError, retrying

SCHEMA = "marts"

_BUILDS = "marts.builds"
_BY_DAY = ("sale_days", "customer_days", "product_days", "country_days")
_TABLES = (*_BY_DAY, "returns", "basket_pairs")
_THESE_DAYS = "invoice_date in (select invoice_date from touched_days)"
_SQL = Path(str(files("ecom_pipeline.warehouse"))) / "sql" / "marts"


def _select(table: str) -> str:
    """Return the SQL of a mart's rows, without its comments."""
    lines = (_SQL / f"{table}.sql").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def _definition() -> str:
    """Return what names the SQL of all marts, and the rule that matches returns."""
    parts = (*map(_select, _TABLES), str(rule.VERSION))
    return sha256("\n".join(parts).encode()).hexdigest()


_TOUCHED = (
    "create temp table touched_days as"
    " select l.invoice_date, l.version"
    " from (select invoice_date, max(version) as version from sales.load_ledger"
    " group by invoice_date) l"
    f" left join {_BUILDS} b on b.invoice_date = l.invoice_date and b.definition = '{{definition}}'"
    " where b.version is null or b.version <> l.version",
    # both the customers of the previous version's rows and those of the new rows
    "create temp table touched_customers as"
    f" select customer_id from marts.customer_days where {_THESE_DAYS}"
    " union select customer_id from sales.fact_invoice_lines"
    f" where {_THESE_DAYS} and customer_id is not null",
    "create temp table touched_months as"
    " select distinct date_trunc('month', invoice_date)::date as month from touched_days",
)
# rows of days that were never published: written by hand, or by a fault
_FOREIGN_DAY = "invoice_date not in (select invoice_date from sales.load_ledger)"
_FOREIGN_MONTH = (
    "month not in (select date_trunc('month', invoice_date)::date from sales.load_ledger)"
)
_OUTDATED = {
    **dict.fromkeys(_BY_DAY, f"{_THESE_DAYS} or {_FOREIGN_DAY}"),
    "returns": "customer_id in (select customer_id from touched_customers)"
    f" or (customer_id is null and {_THESE_DAYS}) or {_FOREIGN_DAY}",
    "basket_pairs": f"month in (select month from touched_months) or {_FOREIGN_MONTH}",
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


class ImbalanceError(WarehouseError):
    """Marts whose sums are not those of the fact table; the marts before them stay.

    `wrong` has the differing sums of each mart.
    """

    def __init__(self, wrong: Mapping[str, Sequence[str]]) -> None:
        self.wrong = wrong
        what = "; ".join(f"{name}, {'; '.join(found)}" for name, found in wrong.items())
        super().__init__(
            f"the marts stay as they were: {what}. Compare the stores first (ecom reconcile). If"
            " the fact table is right, a mart was changed: `delete from marts.builds`, then refresh"
        )


def refresh(warehouse: Warehouse, marts: Sequence[Mart]) -> Refreshed:
    """Bring all marts to the ledger's newest versions; nothing to do is nothing done.

    Raises:
        ImbalanceError: the sums of a mart would not be the fact table's; nothing is changed.
    """
    warehouse = replace(warehouse, label="marts")
    with stages.stage("marts") as counts:
        done = retrying(lambda: _attempt(warehouse, marts), "marts")
        counts |= {"days": len(done.days), "rows": sum(done.rows.values())}
    return done


def imbalances(session: Session, mart: Mart) -> list[str]:
    """Return a description of each sum of a mart that differs from its expected value."""
    found: list[str] = []
    for what, (ours, expected) in mart.balances.items():
        ((left, right),) = session.rows(f"select ({ours}), ({expected})")
        if (left or 0) != (right or 0):
            found.append(f"{what}: {left or 0}, expected {right or 0}")
    return found


def outdated_days(session: Session) -> int:
    """Return the number of days whose marts come from other SQL than today's."""
    sql = f"select count(*) from {_BUILDS} where definition <> '{_definition()}'"
    ((days,),) = session.rows(sql)
    return int(days)


def code_version(mart: Mart) -> str:
    """Return the SHA-256 of the SQL that a mart comes from: of a view, with that of the tables."""
    sql = _select(mart.name) if mart.name in _TABLES else _view(mart) + _definition()
    return sha256(sql.encode()).hexdigest()


def _view(mart: Mart) -> str:
    """Return the newest definition of a view in the migrations."""
    migrations = sorted((_SQL.parent / "migrations").iterdir(), key=lambda file: file.name)
    statements = (text for file in migrations for text in file.read_text().split(";"))
    return [text for text in statements if f"create view {mart.table} as" in text][-1]


def head(session: Session, mart: Mart, rows: int) -> list[Row]:
    """Return the first `rows` rows of a mart, in a fixed order."""
    names = ", ".join(column.name for column in mart.columns)
    return session.rows(f"select {names} from {mart.table} order by 1, 2, 3 limit {rows}")


def _attempt(warehouse: Warehouse, marts: Sequence[Mart]) -> Refreshed:
    with warehouse.session() as session:
        lock.take(
            warehouse, session, _BUILDS
        )  # the first statement: the snapshot is newer than the lock
        for statement in _TOUCHED:
            session.run(statement.format(definition=_definition()))
        days = [day for (day,) in session.rows("select invoice_date from touched_days order by 1")]
        if days:
            _rebuild(session)
        wrong = {mart.name: found for mart in marts if (found := imbalances(session, mart))}
        if wrong:
            raise ImbalanceError(wrong)
        counts = {mart.name: _count(session, mart) for mart in marts}
        session.commit()
        return Refreshed(days, counts)


def _rebuild(session: Session) -> None:
    returns.allocate(session)
    for table, outdated in _OUTDATED.items():
        session.run(f"delete from {SCHEMA}.{table} where {outdated}")
        session.run(f"insert into {SCHEMA}.{table} {_select(table)}")
    session.run(f"delete from {_BUILDS} where {_THESE_DAYS}")
    session.run(
        f"insert into {_BUILDS} select invoice_date, version, '{_definition()}' from touched_days"
    )


def _count(session: Session, mart: Mart) -> int:
    ((rows,),) = session.rows(f"select count(*) from {mart.table}")
    return int(rows)
