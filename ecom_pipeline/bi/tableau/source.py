"""A mart as a Tableau data source: its connection, fields, hierarchies and folders.

Each mart has a separate data source: marts have different grains, so a relationship between two of
them would give meaningless results.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import starmap
from xml.etree.ElementTree import Element

from ecom_pipeline.bi.tableau.fields import HIERARCHIES, PALETTES, Field, caption_of, fields_of
from ecom_pipeline.bi.tableau.pills import Pill, column, instance, members, name_of
from ecom_pipeline.bi.tableau.tree import VERSION, document, node
from ecom_pipeline.domain.currency import Currency
from ecom_pipeline.warehouse.marts import Mart

# OLE DB's codes, as Tableau writes them
_REMOTE_TYPES = {"integer": "20", "real": "131", "string": "129", "date": "133", "datetime": "135"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The location of the marts; without user and password, so Tableau prompts for them."""

    name: str
    caption: str
    attributes: Mapping[str, str]


def redshift(server: str, port: int, database: str) -> Connection:
    """Return the connection to a Redshift."""
    return Connection(
        name="redshift.ecom_sales",
        caption=server,
        attributes={
            "class": "redshift",
            "dbname": database,
            "odbc-connect-string-extras": "",
            "one-time-sql": "",
            "port": str(port),
            "server": server,
            "sslmode": "require",
            "username": "",
        },
    )


def hyper_file(path: str) -> Connection:
    """Return the connection to an extract, with the same schemas and tables as in Redshift."""
    return Connection(
        name="hyper.ecom_sales",
        caption="ecom_sales",
        attributes={
            "authentication": "auth-none",
            "class": "hyper",
            "dbname": path,
            "default-settings": "yes",
            "server": "",
            "sslmode": "",
            "username": "tableau_internal_user",  # the user name in every extract
        },
    )


def data_source(mart: Mart, connection: Connection) -> Element:
    """Return a mart's data source as an element of a workbook."""
    attributes = {"caption": caption_of(mart), "inline": "true", "name": name_of(mart)}
    return node("datasource", attributes | {"version": VERSION}, *_parts(mart, connection))


def tds(mart: Mart, connection: Connection, currency: Currency) -> bytes:
    """Return a mart's data source as a separate file."""
    attributes = {"formatted-name": name_of(mart), "inline": "true", "source-platform": "win"}
    root = node("datasource", attributes | {"version": VERSION}, *_parts(mart, connection))
    return document(root, currency)


def _parts(mart: Mart, connection: Connection) -> Iterator[Element]:
    fields = fields_of(mart)
    yield _connection(mart, connection)
    yield node("aliases", {"enabled": "yes"})
    yield from map(column, fields)
    palettes = [(members(mart, name), to) for name, to in PALETTES.get(mart.name, {}).items()]
    yield from (instance(pill) for pill, _ in palettes)
    paths = HIERARCHIES.get(mart.name, {})
    if paths:
        yield node("drill-paths", {}, *(_drill_path(*each) for each in paths.items()))
    yield node("folders-common", {}, *_folders(fields))
    order = {"dim-ordering": "ordinal", "measure-ordering": "ordinal", "show-structure": "true"}
    yield node("layout", order)
    if palettes:
        yield node(
            "style",
            {},
            node("style-rule", {"element": "mark"}, *starmap(_palette, palettes)),
        )


def _connection(mart: Mart, connection: Connection) -> Element:
    where = node("connection", {**connection.attributes, "schema": mart.schema})
    named = node(
        "named-connection", {"caption": connection.caption, "name": connection.name}, where
    )
    table = {"connection": connection.name, "name": mart.name}
    table |= {"table": f"[{mart.schema}].[{mart.name}]", "type": "table"}
    columns = [each for each in fields_of(mart) if not each.formula]
    records = [_record(mart, each, n) for n, each in enumerate(columns, start=1)]
    return node(
        "connection",
        {"class": "federated"},
        node("named-connections", {}, named),
        node("relation", table),
        node("metadata-records", {}, *records),
    )


def _record(mart: Mart, each: Field, ordinal: int) -> Element:
    values = {
        "remote-name": each.name,
        "remote-type": _REMOTE_TYPES[each.datatype],
        "local-name": f"[{each.name}]",
        "parent-name": f"[{mart.name}]",
        "remote-alias": each.name,
        "ordinal": str(ordinal),
        "local-type": each.datatype,
        "aggregation": each.aggregation,
        "contains-null": "true",
    }
    children = [node(tag, text=text) for tag, text in values.items()]
    return node("metadata-record", {"class": "column"}, *children)


def _drill_path(name: str, levels: tuple[str, ...]) -> Element:
    fields = [node("field", text=f"[{level}]") for level in levels]
    return node("drill-path", {"name": name}, *fields)


def _palette(pill: Pill, colours: Mapping[str, str]) -> Element:
    buckets = (
        node("map", {"to": colour}, node("bucket", text=f'"{value}"'))
        for value, colour in colours.items()
    )
    return node("encoding", {"attr": "color", "field": pill.name, "type": "palette"}, *buckets)


def _folders(fields: list[Field]) -> Iterator[Element]:
    for folder in sorted({each.folder for each in fields if each.folder}):
        items = (each for each in fields if each.folder == folder)
        yield node(
            "folder",
            {"name": folder},
            *(node("folder-item", {"name": f"[{each.name}]", "type": "field"}) for each in items),
        )
