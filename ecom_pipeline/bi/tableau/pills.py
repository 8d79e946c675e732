"""Uses of fields on shelves, with their aggregation; fields and uses as XML elements."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ecom_pipeline.bi.tableau.fields import Field, field
from ecom_pipeline.bi.tableau.tree import node, runs
from ecom_pipeline.warehouse.marts import Mart

_PREFIXES = {
    "Sum": "sum",
    "Avg": "avg",
    "Max": "max",
    "None": "none",
    "Day-Trunc": "tdy",
    "Month-Trunc": "tmn",
}
_TYPES = {"qk": "quantitative", "nk": "nominal", "ok": "ordinal"}


@dataclass(frozen=True, slots=True)
class Pill:
    """A field of a mart on a shelf, with its aggregation or truncation."""

    mart: Mart
    field: Field
    derivation: str
    kind: str

    @property
    def name(self) -> str:
        return f"[{_PREFIXES[self.derivation]}:{self.field.name}:{self.kind}]"

    def __str__(self) -> str:
        return f"[{name_of(self.mart)}].{self.name}"


@dataclass(frozen=True, slots=True)
class Generated:
    """A coordinate on the map, which Tableau generates from the name of a country."""

    mart: Mart
    name: str

    def __str__(self) -> str:
        return f"[{name_of(self.mart)}].[{self.name} (generated)]"


Placed = Pill | Generated


def name_of(mart: Mart) -> str:
    """Return the name of a mart's data source in a workbook."""
    return f"federated.{mart.name}"


def total(mart: Mart, name: str) -> Pill:
    """Return a measure with its field's default aggregation."""
    found = field(mart, name)
    return Pill(mart, found, found.aggregation, "qk")


def members(mart: Mart, name: str) -> Pill:
    """Return a field as discrete members."""
    found = field(mart, name)
    return Pill(mart, found, "None", "nk" if found.type == "nominal" else "ok")


def by_day(mart: Mart, name: str) -> Pill:
    """Return a date as a continuous axis of days."""
    return Pill(mart, field(mart, name), "Day-Trunc", "qk")


def by_month(mart: Mart, name: str) -> Pill:
    """Return a date as discrete months."""
    return Pill(mart, field(mart, name), "Month-Trunc", "ok")


def column(each: Field) -> Element:
    """Return a field's `column` element, for its data source and for each sheet that uses it."""
    attributes = {"aggregation": each.aggregation, "caption": each.caption}
    attributes |= {"datatype": each.datatype}
    attributes |= {"default-format": each.format} if each.format else {}
    attributes |= {"name": f"[{each.name}]", "role": "measure" if each.measure else "dimension"}
    attributes |= {"semantic-role": each.semantic_role} if each.semantic_role else {}
    attributes |= {"type": each.type}
    formula = {"class": "tableau", "formula": each.formula or ""}
    calculation = [node("calculation", formula)] if each.formula else []
    return node("column", attributes, *calculation, node("desc", {}, runs(each.comment)))


def instance(pill: Pill) -> Element:
    """Return the `column-instance` element of a use of a field."""
    attributes = {"column": f"[{pill.field.name}]", "derivation": pill.derivation}
    attributes |= {"name": pill.name, "pivot": "key", "type": _TYPES[pill.kind]}
    return node("column-instance", attributes)
