"""The dashboard: the data trust banner above the other sheets."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from ecom_pipeline.bi.tableau.sheets import Sheet, identity
from ecom_pipeline.bi.tableau.tree import node, runs

NAME = "Sales"
_WIDTH, _HEIGHT = 1400, 1000
_WHOLE = 100_000  # the length of a side in Tableau's units of zones
_TITLE = 5_000
# x, y, width, height of each sheet, in their order
_ZONES = (
    (0, 5_000, 100_000, 12_000),
    (0, 17_000, 100_000, 33_000),
    (0, 50_000, 34_000, 50_000),
    (34_000, 50_000, 33_000, 50_000),
    (67_000, 50_000, 33_000, 50_000),
)


def dashboard(sheets: Sequence[Sheet]) -> Element:
    """Return the dashboard of these sheets."""
    size = {"maxheight": _HEIGHT, "maxwidth": _WIDTH, "minheight": _HEIGHT, "minwidth": _WIDTH}
    title = _zone(2, (0, 0, _WHOLE, _TITLE), {"type-v2": "text"})
    title.append(runs("Sales", bold="true", fontsize="16"))
    places = zip(sheets, _ZONES, strict=True)
    shown = (_zone(n, place, {"name": s.name}) for n, (s, place) in enumerate(places, start=3))
    whole = _zone(1, (0, 0, _WHOLE, _WHOLE), {"type-v2": "layout-basic"})
    whole.extend([title, *shown])
    return node(
        "dashboard",
        {"name": NAME},
        node("style"),
        node("size", {name: str(pixels) for name, pixels in size.items()}),
        node("zones", {}, whole),
        identity(NAME),
    )


def windows(sheets: Sequence[Sheet]) -> Element:
    """Return the windows of the sheets and of the dashboard, which is the active one."""
    views = [
        node("viewpoint", {"name": s.name}, node("zoom", {"type": "entire-view"})) for s in sheets
    ]
    front = node(
        "window",
        {"class": "dashboard", "maximized": "true", "name": NAME},
        node("viewpoints", {}, *views),
        node("active", {"id": "-1"}),
        identity(f"{NAME} window"),
    )
    return node("windows", {}, *map(_window, sheets), front)


def _window(sheet: Sheet) -> Element:
    cards = node(
        "cards",
        {},
        _edge("left", ("pages", "filters", "marks")),
        _edge("top", ("columns", "rows", "title")),
    )
    attributes = {"class": "worksheet", "name": sheet.name}
    return node("window", attributes, cards, identity(f"{sheet.name} window"))


def _edge(name: str, cards: Sequence[str]) -> Element:
    strips = (node("strip", {"size": "160"}, node("card", {"type": card})) for card in cards)
    return node("edge", {"name": name}, *strips)


def _zone(number: int, place: tuple[int, int, int, int], attributes: dict[str, str]) -> Element:
    x, y, width, height = map(str, place)
    box = {"h": height, "id": str(number), "w": width, "x": x, "y": y}
    return node("zone", box | attributes)
