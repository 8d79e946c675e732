"""Faults of a day's CSV and of the catalog: stored data differs from what was committed."""

import gzip
from collections.abc import Callable
from datetime import date

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.catalog import CSV_TABLE, table_input
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.local.drill.registry import fault, require
from ecom_pipeline.local.drill.system import SystemUnderTest
from ecom_pipeline.warehouse import connect, load, schema
from ecom_pipeline.warehouse.session import WarehouseError

GROUP = "CSV and catalog"

Damage = Callable[[str, bytes], None]


@fault(GROUP)
def a_part_is_half_written(world: SystemUnderTest) -> str:
    """A CSV part is truncated: COPY or its assertions refuse it; the version stays."""
    day, before = _built(world)

    def cut(key: str, body: bytes) -> None:
        world.lake.csv.write_part(key, body[: world.random.randint(1, len(body) - 1)])

    return _refused(world, day, before, cut)


@fault(GROUP)
def a_part_ends_at_a_line(world: SystemUnderTest) -> str:
    """A CSV part loses its last row but is valid gzip: its row count shows the loss."""
    day, before = _built(world)

    def shorten(key: str, body: bytes) -> None:
        lines = gzip.decompress(body).splitlines(keepends=True)
        world.lake.csv.write_part(key, _as_long(b"".join(lines[:-1]), body))

    return _refused(world, day, before, shorten)


@fault(GROUP)
def a_part_has_a_row_twice(world: SystemUnderTest) -> str:
    """A CSV part has one row replaced by a copy of another: its ids and sums show it."""
    day, before = _built(world)

    def double(key: str, body: bytes) -> None:
        header, first, _, *rest = gzip.decompress(body).splitlines(keepends=True)
        world.lake.csv.write_part(key, _as_long(b"".join([header, first, first, *rest]), body))

    return _refused(world, day, before, double)


@fault(GROUP)
def a_part_is_missing(world: SystemUnderTest) -> str:
    """A CSV part is deleted: the load fails, since each part is mandatory."""
    day, before = _built(world)
    return _refused(world, day, before, lambda key, _: world.lake.csv.remove([key]))


@fault(GROUP)
def a_manifest_is_damaged(world: SystemUnderTest) -> str:
    """The manifest is truncated: the load fails and names it; a rebuild repairs it."""
    day, before = _built(world)
    key = keys.manifest_key(day)
    found = world.lake.csv.read(key)
    require(found, f"{key} is missing")
    body = found.body if found else b""
    world.lake.csv.write_json(key, body[: world.random.randrange(len(body) - 2)])
    return _recovered(world, day, before, ManifestError)


@fault(GROUP)
def a_column_of_the_catalog_is_altered(world: SystemUnderTest) -> str:
    """A column's type in Glue is changed: the drift is reported, and the next sync repairs it."""
    day, _ = world.loaded_day()
    catalog = connect.catalog(world.settings)
    catalog.sync([day])
    wanted = table_input(world.settings.csv_bucket)
    columns = wanted["StorageDescriptor"]["Columns"]
    victim = world.random.choice(columns)
    victim["Type"] = "bigint"
    glue = world.client("glue")
    glue.update_table(DatabaseName=world.settings.glue_database, TableInput=wanted)
    found = schema.drift(catalog, world.lake, world.warehouse, [day])
    named = [(each.schema, each.column) for each in found]
    expected = [(f"Glue {CSV_TABLE}", victim["Name"])]
    require(named == expected, f"the drift is {named}, not {expected}")
    catalog.sync([day])
    require(not schema.drift(catalog, world.lake, world.warehouse, [day]), "the drift remains")
    return f"{victim['Name']} named: {found[0]}"


def _as_long(text: bytes, body: bytes) -> bytes:
    """Return valid gzip, padded to the original part's length, so that lengths agree."""
    return gzip.compress(text, mtime=0).ljust(len(body), b"\0")


def _built(world: SystemUnderTest) -> tuple[date, Totals]:
    """Return a published day with late events in its CSV, and its totals in the fact table."""
    day, before = world.loaded_day()
    world.arrive(day)
    partition.build(world.lake, day)
    return day, before


def _refused(world: SystemUnderTest, day: date, before: Totals, damage: Damage) -> str:
    (part,) = partition.committed(world.lake, day).parts
    found = world.lake.csv.read(part.key)
    require(found, f"{part.key} is missing")
    if found:
        damage(part.key, found.body)
    return _recovered(world, day, before, WarehouseError)


def _recovered(world: SystemUnderTest, day: date, before: Totals, expected: type[Exception]) -> str:
    """Load damaged data, which must fail and change nothing; then rebuild and load."""
    refusal = ""
    try:
        load.publish(world.warehouse, world.lake, [day])
    except expected as error:
        refusal = str(error)
    require(refusal, f"{day}: damaged data was loaded")
    world.must_hold(day, before)
    world.must_be_version(day, 1)
    world.load(day)
    world.must_be_version(day, 2)
    return f"refused ({refusal[:60].strip()}...), still version 1; rebuilt, version 2"
