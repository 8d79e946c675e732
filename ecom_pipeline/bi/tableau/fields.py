"""A mart's columns as Tableau's fields: caption, type, aggregation, format, folder, comment.

All of it derives from the column list, except for the few definitions below.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ecom_pipeline.bi.marts import base_type
from ecom_pipeline.bi.tableau.tree import MONEY
from ecom_pipeline.domain.columns import Column
from ecom_pipeline.warehouse.mart_list import (
    BASKET_PAIRS,
    COHORTS,
    COUNTRIES,
    CUSTOMERS,
    DAILY_SALES,
    DATA_TRUST,
    PRODUCTS,
)
from ecom_pipeline.warehouse.marts import Mart

WHOLE = "n#,##0;-#,##0"
DAY = "*dd mmm yyyy"
MINUTE = "*dd mmm yyyy hh:nn"

DATATYPES = {
    "bigint": "integer",
    "decimal": "real",
    "varchar": "string",
    "date": "date",
    "timestamp": "datetime",
}
_FORMATS = {"bigint": WHOLE, "decimal": MONEY, "date": DAY, "timestamp": MINUTE}
_FOLDERS = {"bigint": "Counts", "decimal": "Money"}
_ABBREVIATIONS = {"id": "ID", "no": "number"}

_COUNTRY = "[Country].[Name]"
# numbers that are categories, not amounts
_DIMENSIONS = {(COHORTS.name, "months_after")}
# not additive: a customer of two days is one customer, a month's baskets are repeated per pair
_AGGREGATIONS = {
    (DAILY_SALES.name, "customers"): "Avg",
    (CUSTOMERS.name, "recency_days"): "Avg",
    (BASKET_PAIRS.name, "baskets_of_month"): "Max",
}

HIERARCHIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    CUSTOMERS.name: {"Country and customer": ("country", "customer_id")},
    PRODUCTS.name: {"Product": ("description", "stock_code")},
}
# a colour for each value of a field; the values are listed in its comment
PALETTES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    DATA_TRUST.name: {"reconciled": {"yes": "#59a14f", "no": "#e15759", "unknown": "#f28e2b"}}
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column, or a calculation over columns, as a field in Tableau."""

    name: str
    caption: str
    comment: str
    datatype: str
    measure: bool = False
    aggregation: str = "Count"
    format: str | None = None
    folder: str | None = None
    semantic_role: str | None = None
    formula: str | None = None

    @property
    def type(self) -> str:
        if self.measure:
            return "quantitative"
        return "nominal" if self.datatype == "string" else "ordinal"


# the shop's country names that Tableau's map lacks; the Channel Islands are not on it at all
PLACE = Field(
    name="place",
    caption="Country on the map",
    comment="The country's name on Tableau's map",
    datatype="string",
    semantic_role=_COUNTRY,
    formula="CASE [country] WHEN 'EIRE' THEN 'Ireland' WHEN 'RSA' THEN 'South Africa'"
    " WHEN 'USA' THEN 'United States' ELSE [country] END",
)
# nothing when all published days are over
MOVING = Field(
    name="moving",
    caption="Until",
    comment="Up to when the last day is loaded, if it is not over",
    datatype="string",
    formula="IIF(ISNULL([running_until]), '', '; the last day is not over: until '"
    " + RIGHT('0' + STR(DATEPART('hour', [running_until])), 2) + ':'"
    " + RIGHT('0' + STR(DATEPART('minute', [running_until])), 2))",
)
_CALCULATED = {COUNTRIES.name: PLACE, DATA_TRUST.name: MOVING}


def fields_of(mart: Mart) -> list[Field]:
    """Return a mart's fields in the order of its columns, calculations last."""
    found = [_field(mart, column) for column in mart.columns]
    calculated = _CALCULATED.get(mart.name)
    return [*found, calculated] if calculated else found


def field(mart: Mart, name: str) -> Field:
    """Return the field of a mart by its name."""
    return next(each for each in fields_of(mart) if each.name == name)


def caption_of(mart: Mart) -> str:
    """Return a mart's caption."""
    return mart.name.replace("_", " ").capitalize()


def _field(mart: Mart, column: Column) -> Field:
    kind = base_type(column)
    measure = kind in _FOLDERS and (mart.name, column.name) not in _DIMENSIONS
    return Field(
        name=column.name,
        caption=_caption(column.name),
        comment=column.comment,
        datatype=DATATYPES[kind],
        measure=measure,
        aggregation=_AGGREGATIONS.get((mart.name, column.name), "Sum") if measure else "Count",
        format=_FORMATS.get(kind),
        folder=_FOLDERS[kind] if measure else None,
        semantic_role=_COUNTRY if column.name == "country" else None,
    )


def _caption(name: str) -> str:
    words = " ".join(_ABBREVIATIONS.get(word, word) for word in name.split("_"))
    return words[0].upper() + words[1:]
