"""Sweep: find raw objects that are not in the warehouse, independently of notifications.

It compares objects, manifests and the ledger. A range of days costs a listing, a day one read of
its manifest, 16 days at once. Each morning looks at the same number of days, whatever the history:
those that were never published, the newest, and a block of the older ones by turns. So an old
day's lost notification is found within one turn of all blocks: 3 mornings for the data set's 305
days, 37 for ten years.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

from ecom_pipeline.lake import partition, range_reads
from ecom_pipeline.lake.buckets import Lake, ObjectInfo
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.warehouse import ledger
from ecom_pipeline.warehouse.ledger import Entry
from ecom_pipeline.warehouse.session import Warehouse

RECENT_DAYS = 31
BLOCK_DAYS = 100

_AT_ONCE = 16


def behind(lake: Lake, warehouse: Warehouse, before: date) -> dict[date, str]:
    """Return the days before `before` with unpublished raw objects, and what each day lacks."""
    objects: dict[date, list[ObjectInfo]] = defaultdict(list)
    for day, found in lake.raw.inventory():
        if day < before:
            objects[day].append(found)
    return _behind(lake, warehouse, objects)


def behind_in_turn(lake: Lake, warehouse: Warehouse, morning: date) -> dict[date, str]:
    """Return the same for the days of a morning's turn: at a cost that has a limit."""
    days = [day for day in lake.raw.days() if day < morning]
    with warehouse.session() as session:
        unknown = set(days) - ledger.published(session)
    return behind_on(lake, warehouse, sorted(unknown.union(turn(days, morning))))


def turn(days: Sequence[date], morning: date) -> list[date]:
    """Return the days to look at: the newest RECENT_DAYS, and the morning's block of the others.

    Blocks are counted from the oldest day, so a new day moves no other day to another block.
    """
    older, recent = days[:-RECENT_DAYS], days[-RECENT_DAYS:]
    blocks = -(-len(older) // BLOCK_DAYS)
    first = morning.toordinal() % blocks * BLOCK_DAYS if blocks else 0
    return [*older[first : first + BLOCK_DAYS], *recent]


def behind_on(lake: Lake, warehouse: Warehouse, days: Sequence[date]) -> dict[date, str]:
    """Return the same for these days only, at the cost of one listing for each range of them."""
    found = range_reads.raw_objects(lake, days)
    return _behind(lake, warehouse, {day: objects for day, objects in found.items() if objects})


def _behind(
    lake: Lake, warehouse: Warehouse, objects: Mapping[date, list[ObjectInfo]]
) -> dict[date, str]:
    if not objects:
        return {}
    with warehouse.session() as session:
        held = ledger.newest(session, sorted(objects))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        missing = pool.map(partial(_missing, lake, held), objects.keys(), objects.values())
        found = dict(zip(objects, missing, strict=True))
    return {day: what for day, what in sorted(found.items()) if what}


def published(lake: Lake, warehouse: Warehouse, day: date) -> Entry | None:
    """Return a day's newest version if it contains all raw objects; else None."""
    with warehouse.session() as session:
        held = ledger.newest(session, [day])
    return held.get(day) if not _missing(lake, held, day, lake.raw.objects_of(day)) else None


def _missing(lake: Lake, held: Mapping[date, Entry], day: date, objects: list[ObjectInfo]) -> str:
    try:
        manifest = partition.read_manifest(lake, day)
    except ManifestError as error:
        return str(error)
    if manifest is None:
        return "its CSV was never built"
    new = partition.unread(manifest, objects)
    if new:
        return f"{len(new)} raw objects are not in its CSV, first {new[0].key}"
    if day not in held:
        return "its CSV was never published"
    if held[day].running_until:
        return f"it was not over when it was loaded, at {held[day].running_until:%H:%M} UTC"
    return "" if held[day].totals == manifest.totals else "its newest CSV is not published"
