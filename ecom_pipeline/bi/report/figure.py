"""A figure of the report: a chart, its texts, and its data as a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ecom_pipeline.bi.report.words import count
from ecom_pipeline.bi.report.words import money as amount_text
from ecom_pipeline.domain.currency import Currency

Spec = dict[str, Any]  # of Vega-Lite
Record = Mapping[str, Any]
Records = Sequence[Record]
Cells = Sequence[str]
Columns = Mapping[str, Callable[[Record], str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of texts: the first `words` columns are names, the others numbers; `sums` is last."""

    columns: Cells
    rows: Sequence[Cells]
    sums: Cells = ()
    words: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart with its summary (`says`) and its alternative text (`alt`) for screen readers.

    Without a `spec`, only the summary is shown.
    """

    id: str
    title: str
    says: str
    alt: str = ""
    spec: Spec | None = None
    table: Table | None = None
    note: str = ""


def tabulate(columns: Columns, records: Records) -> list[Cells]:
    """Return a row of texts for each record."""
    return [tuple(text(each) for text in columns.values()) for each in records]


def money(name: str, currency: Currency) -> Callable[[Record], str]:
    """Return a column of amounts."""
    return lambda each: amount_text(each[name], currency)


def number(name: str) -> Callable[[Record], str]:
    """Return a column of whole numbers."""
    return lambda each: count(each[name])


def total(records: Records, name: str) -> Decimal:
    """Return a column's exact sum."""
    return sum((each[name] for each in records), Decimal(0))
