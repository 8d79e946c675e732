"""Sweep: find raw objects that are not in the warehouse, independently of notifications.

It compares objects, manifests and the ledger. A sweep lists the raw prefix (one call for 1,000
objects) and reads one manifest a day, 16 at once: ten years are 3,650 reads, half a minute and
0.14 US cents.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

from ecom_pipeline.lake import partition
from ecom_pipeline.lake.buckets import Lake, ObjectInfo
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.warehouse import ledger
from ecom_pipeline.warehouse.ledger import Entry
from ecom_pipeline.warehouse.session import Warehouse

_AT_ONCE = 16


def behind(lake: Lake, warehouse: Warehouse, before: date) -> dict[date, str]:
    """Return the days before `before` with unpublished raw objects, and what each day lacks."""
    objects: dict[date, list[ObjectInfo]] = defaultdict(list)
    for day, found in lake.raw.inventory():
        if day < before:
            objects[day].append(found)
    return _behind(lake, warehouse, objects)


def behind_on(lake: Lake, warehouse: Warehouse, days: Sequence[date]) -> dict[date, str]:
    """Return the same for these days only, at the cost of one listing a day."""
    found = {day: lake.raw.objects_of(day) for day in days}
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
    known = {(source.key, source.etag) for source in manifest.sources}
    new = [each for each in objects if (each.key, each.etag) not in known]
    if new:
        return f"{len(new)} raw objects are not in its CSV, first {new[0].key}"
    if day not in held:
        return "its CSV was never published"
    return "" if held[day].totals == manifest.totals else "its newest CSV is not published"
