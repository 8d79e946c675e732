"""The marts and the row of data_trust as Python values, from one snapshot; money is Decimal.

Their columns are defined in warehouse/mart_list.py. This module is read-only.
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

# Redshift's sum of bigints is a decimal of 38 digits, so values are cast by the column list
_CASTS: Mapping[str, Callable[[Any], object]] = {"bigint": int, "decimal": Decimal}


@dataclass(frozen=True, slots=True)
class Table:
    """A mart and its rows, with values in the order of its columns."""

    mart: Mart
    rows: Sequence[Row]

    def records(self) -> list[dict[str, Any]]:
        """Return each row as a dict by column name."""
        names = [column.name for column in self.mart.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def read(warehouse: Warehouse, shown: Sequence[Mart] = SHOWN) -> dict[str, Table]:
    """Return each mart by name, read in one transaction, so that their sums agree."""
    with warehouse.session() as session:
        return {mart.name: Table(mart, _rows(session, mart)) for mart in shown}


def base_type(column: Column) -> str:
    """Return a column's type without its size."""
    return column.redshift.partition("(")[0]


def _rows(session: Session, mart: Mart) -> list[Row]:
    """Return a mart's rows in an order that depends on their content only."""
    names = ", ".join(column.name for column in mart.columns)
    places = ", ".join(str(n + 1) for n in range(min(3, len(mart.columns))))
    found = session.rows(f"select {names} from {mart.table} order by {places}")  # noqa: S608
    casts = [_CASTS.get(base_type(column)) for column in mart.columns]
    return [tuple(map(_typed, casts, row)) for row in found]


def _typed(cast: Callable[[Any], object] | None, value: Any) -> object:
    return value if value is None or cast is None else cast(value)
