"""A worksheet: fields on shelves, marks, sorting and labels.

The list of sheets is in workbook.py.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element

from ecom_pipeline.bi.tableau.fields import caption_of
from ecom_pipeline.bi.tableau.pills import Pill, Placed, column, instance, name_of
from ecom_pipeline.bi.tableau.tree import node, runs
from ecom_pipeline.warehouse.marts import Mart

_NAMESPACE = UUID("0f4b8a57-6f0e-4c0a-9d4e-8b6b0a6f2b11")  # sheet ids derive from it: never change


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """The pane of one measure: its mark, encodings, colour and label."""

    mark: str
    encodings: tuple[tuple[str, Placed], ...] = ()
    colour: str | None = None
    axis: Placed | None = None
    label: Element | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """A filter: the `count` members of a field with the most of a measure, in that order."""

    count: int
    of: Pill
    by: Pill


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A worksheet over one mart."""

    name: str
    mart: Mart
    title: str
    rows: tuple[Placed, ...] = ()
    columns: tuple[Placed, ...] = ()
    panes: tuple[Pane, ...]
    top: Top | None = None
    on_a_map: bool = False

    @property
    def pills(self) -> list[Pill]:
        """Return the uses of fields, each once, in a fixed order."""
        used = [*self.rows, *self.columns]
        used += [pill for pane in self.panes for _, pill in pane.encodings]
        used += [self.top.of, self.top.by] if self.top else []
        found = {pill.name: pill for pill in used if isinstance(pill, Pill)}
        return [found[name] for name in sorted(found)]


def identity(name: str) -> Element:
    """Return a sheet's unique id, derived from its name."""
    return node("simple-id", {"uuid": f"{{{str(uuid5(_NAMESPACE, name)).upper()}}}"})


def map_source() -> Element:
    """Return the background of maps."""
    return node("mapsources", {}, node("mapsource", {"name": "Tableau"}))


def worksheet(sheet: Sheet) -> Element:
    """Return a worksheet."""
    table = node(
        "table",
        {},
        _view(sheet),
        node("style"),
        node("panes", {}, *_panes(sheet)),
        node("rows", text=_shelf(sheet.rows, "+" if len(sheet.panes) > 1 else "/")),
        node("cols", text=_shelf(sheet.columns, "/")),
    )
    title = node("layout-options", {}, node("title", {}, runs(sheet.title)))
    return node("worksheet", {"name": sheet.name}, title, table, identity(sheet.name))


def _shelf(placed: Iterable[Placed], joined_by: str) -> str:
    texts = [str(pill) for pill in placed]
    text = f" {joined_by} ".join(texts)
    return f"({text})" if len(texts) > 1 else text


def _view(sheet: Sheet) -> Element:
    source = {"caption": caption_of(sheet.mart), "name": name_of(sheet.mart)}
    return node(
        "view",
        {},
        node("datasources", {}, node("datasource", source)),
        *([map_source()] if sheet.on_a_map else []),
        node(
            "datasource-dependencies",
            {"datasource": name_of(sheet.mart)},
            *_dependencies(sheet.pills),
        ),
        *(_top(sheet.top) if sheet.top else []),
        node("aggregation", {"value": "true"}),
    )


def _dependencies(pills: list[Pill]) -> Iterator[Element]:
    fields = {pill.field.name: pill.field for pill in pills}
    yield from (column(fields[name]) for name in sorted(fields))
    yield from map(instance, pills)


def _top(top: Top) -> Iterator[Element]:
    measure = f"{top.by.derivation.upper()}([{top.by.field.name}])"
    members = node("groupfilter", {"function": "level-members", "level": top.of.name})
    order = {"direction": "DESC", "expression": measure, "function": "order"}
    end = {"count": str(top.count), "end": "top", "function": "end", "units": "records"}
    yield node(
        "filter",
        {"class": "categorical", "column": str(top.of)},
        node("groupfilter", end, node("groupfilter", order, members)),
    )
    yield node("computed-sort", {"column": str(top.of), "direction": "DESC", "using": str(top.by)})


def _panes(sheet: Sheet) -> Iterator[Element]:
    """Yield the panes; with several measures, a pane without a measure comes first."""
    if len(sheet.panes) > 1:
        yield _pane(replace(sheet.panes[0], axis=None), 0)
    for number, pane in enumerate(sheet.panes, start=1):
        yield _pane(pane, number)


def _pane(pane: Pane, number: int) -> Element:
    attributes = {"selection-relaxation-option": "selection-relaxation-allow"}
    attributes |= {"id": str(number), "y-axis-name": str(pane.axis)} if pane.axis else {}
    encodings = [node(shelf, {"column": str(pill)}) for shelf, pill in pane.encodings]
    formats = [("mark-color", pane.colour)] if pane.colour else []
    formats += [("mark-labels-show", "true")] if pane.label is not None else []
    rule = (node("format", {"attr": attr, "value": value}) for attr, value in formats)
    return node(
        "pane",
        attributes,
        node("view", {}, node("breakdown", {"value": "auto"})),
        node("mark", {"class": pane.mark}),
        *([node("encodings", {}, *encodings)] if encodings else []),
        *([node("customized-label", {}, pane.label)] if pane.label is not None else []),
        *([node("style", {}, node("style-rule", {"element": "mark"}, *rule))] if formats else []),
    )
