"""Helpers for Tableau's XML format."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, indent, tostring

from ecom_pipeline.domain.currency import Currency

VERSION = "26.1"  # of the published schema, 2026_1: Tableau 2026.1 and newer open it
MONEY = "money"  # a format that `document` replaces by the currency's
NEW_LINE = "\u00c6\n"  # in formatted text, Tableau marks a run of white space with this letter


def node(
    tag: str, attributes: Mapping[str, str] | None = None, *children: Element, text: str = ""
) -> Element:
    """Return an element."""
    made = Element(tag, dict(attributes or {}))
    made.extend(children)
    made.text = text or None
    return made


def runs(*texts: str, **style: str) -> Element:
    """Return formatted text for Tableau; `<[field]>` in it is replaced by the field's value."""
    return node("formatted-text", {}, *(node("run", style, text=text) for text in texts))


def document(root: Element, currency: Currency) -> bytes:
    """Return a file's bytes; equal trees give equal bytes. Money is shown in whole units."""
    whole = f'"{currency.prefix}"#,##0'
    for column in root.iter("column"):
        if column.get("default-format") == MONEY:
            column.set("default-format", f"c{whole};-{whole}")
    indent(root)
    return tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
