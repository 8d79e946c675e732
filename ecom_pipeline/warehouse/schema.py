"""Schema drift: comparison of Glue, CSV headers and Redshift with the column list.

`evolve` adds nullable texts at the end of the column list to the fact table; any other difference
is an error whose message has the manual steps.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER, PARTITION, Column
from ecom_pipeline.lake import range_reads
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.catalog import Catalog
from ecom_pipeline.warehouse.session import Session, Warehouse, WarehouseError

Types = Mapping[str, str]

_TABLE = ("sales", "fact_invoice_lines")
_NAMES = {
    "character varying": "varchar",
    "timestamp without time zone": "timestamp",
    "numeric": "decimal",
}


class SchemaError(WarehouseError):
    """The fact table's columns differ from this program's, and need a manual migration."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A column that differs from the column list in one schema."""

    schema: str
    column: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.schema}, {self.column}: expected {self.expected}, found {self.found}"


def compare(schema: str, expected: Types, found: Types) -> list[Drift]:
    """Return each column that is missing, unknown or of another type, or a different order."""
    names = [*expected, *(name for name in found if name not in expected)]
    wrong = [
        Drift(schema, name, expected.get(name, "no such column"), found.get(name, "nothing"))
        for name in names
        if expected.get(name) != found.get(name)
    ]
    if not wrong and list(expected) != list(found):
        wrong.append(Drift(schema, "the order", ", ".join(expected), ", ".join(found)))
    return wrong


def drift(catalog: Catalog, lake: Lake, warehouse: Warehouse, days: Sequence[date]) -> list[Drift]:
    """Compare Glue, the headers of these days' CSV, and Redshift with the column list."""
    found: list[Drift] = []
    for table, expected in catalog.expected().items():
        found += compare(f"Glue {table}", expected, catalog.columns(table))
    for day, manifest in range_reads.manifests(lake, days).items():
        if manifest is not None and not manifest.has_known_header:
            expected = dict.fromkeys(CSV_HEADER, "a column")
            found += compare(f"CSV {day}", expected, dict.fromkeys(manifest.columns, "a column"))
    with warehouse.session() as session:
        return found + compare("Redshift", fact_types(), columns(session))


def fact_types() -> Types:
    """Return the fact table's columns as Redshift's system views spell their types."""
    return {column.name: _type(column) for column in (*COLUMNS, PARTITION)}


def columns(session: Session) -> Types:
    """Return the fact table's columns and types, in its order; the partition column is last."""
    rows = session.rows(
        "select column_name, data_type, character_maximum_length, numeric_precision,"
        " numeric_scale, is_nullable from svv_columns"
        " where table_schema = %s and table_name = %s order by ordinal_position",
        _TABLE,
    )
    found = {name: _spelled(kind, *sizes) for name, kind, *sizes in rows}
    if PARTITION.name in found:
        found[PARTITION.name] = found.pop(PARTITION.name)
    return found


def evolve(session: Session) -> list[str]:
    """Add missing columns to the fact table, in the caller's transaction; return their names.

    Raises:
        SchemaError: the table differs in another way; nothing was changed.
    """
    wanted, there = fact_types(), columns(session)
    missing = [c for c in COLUMNS if c.name not in there]
    rest = {name: kind for name, kind in wanted.items() if name in there}
    wrong = compare("Redshift", rest, there)
    wrong += [
        Drift("Redshift", c.name, "a nullable column, or one that exists", "nothing")
        for c in missing
        if not c.nullable
    ]
    if wrong:
        raise SchemaError(_steps(wrong))
    for column in missing:
        schema, table = _TABLE
        session.run(f"alter table {schema}.{table} add column {column.name} {column.redshift}")
    return [column.name for column in missing]


def _steps(wrong: Sequence[Drift]) -> str:
    return (
        f"the fact table differs from the column list ({'; '.join(map(str, wrong))})."
        " Only a nullable text at the end of the list is added automatically. Otherwise: 1. restore"
        " the list, or write a migration that creates the new table; 2. rebuild the CSV of all"
        " days; 3. load all days; 4. drop the old table"
    )


def _type(column: Column) -> str:
    return f"{column.redshift}{'' if column.nullable else ' not null'}"


def _spelled(kind: str, length: int | None, precision: int, scale: int, nullable: str) -> str:
    name = _NAMES.get(re.sub(r"\(.*", "", kind), kind)
    if name == "varchar":
        name = f"varchar({length})"
    elif name == "decimal":
        name = f"decimal({precision},{scale})"
    return name if nullable == "YES" else f"{name} not null"
