"""The marts and the trust row as rows of Python's types, all of one moment; money is Decimal.

What their columns are is said in warehouse/mart_list.py. Nothing is written here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ecom_pipeline.domain.columns import Column
from ecom_pipeline.warehouse.mart_list import DATA_TRUST, MARTS
from ecom_pipeline.warehouse.marts import Mart
from ecom_pipeline.warehouse.session import Row, Session, Warehouse

SHOWN = (*MARTS, DATA_TRUST)

# Redshift adds bigints up to a decimal of 38 digits: what the column list says is what they are
_CASTS: Mapping[str, Callable[[Any], object]] = {"bigint": int, "decimal": Decimal}


@dataclass(frozen=True, slots=True)
class Table:
    """A mart's rows; their values are in the order of its columns."""

    mart: Mart
    rows: Sequence[Row]

    def records(self) -> list[dict[str, Any]]:
        """Return each row by the names of its columns."""
        names = [column.name for column in self.mart.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def read(warehouse: Warehouse, shown: Sequence[Mart] = SHOWN) -> dict[str, Table]:
    """Return each mart by its name, read in one transaction, so that their sums agree."""
    with warehouse.session() as session:
        return {mart.name: Table(mart, _rows(session, mart)) for mart in shown}


def base_type(column: Column) -> str:
    """Return a column's type without its size."""
    return column.redshift.partition("(")[0]


def _rows(session: Session, mart: Mart) -> list[Row]:
    """Return a mart's rows in an order that only what they hold decides."""
    names = ", ".join(column.name for column in mart.columns)
    places = ", ".join(str(n + 1) for n in range(min(3, len(mart.columns))))
    found = session.rows(f"select {names} from {mart.table} order by {places}")  # noqa: S608
    casts = [_CASTS.get(base_type(column)) for column in mart.columns]
    return [tuple(map(_typed, casts, row)) for row in found]


def _typed(cast: Callable[[Any], object] | None, value: Any) -> object:
    return value if value is None or cast is None else cast(value)
