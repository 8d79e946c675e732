"""Build a day's CSV partition: read its raw objects, flatten, write parts, commit a manifest.

A part's key is a hash of its content and its sources, so a new version does not overwrite the old
one. The manifest switches between them atomically: a process killed at any step leaves the old
version or the new one, never a mixture.
"""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import islice

from ecom_pipeline import stages
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import manifest as manifests
from ecom_pipeline.lake import parts, retractions, rows, rules, tombstones
from ecom_pipeline.lake.buckets import Lake, ObjectBody, ObjectInfo
from ecom_pipeline.lake.flatten import Flattened, flatten
from ecom_pipeline.lake.manifest import Manifest, ManifestError, Source
from ecom_pipeline.lake.parts import DayParts, PartResult
from ecom_pipeline.lake.rows import Reader
from ecom_pipeline.lake.spread import spread

ATTEMPTS = 5


def build(
    lake: Lake, day: date, read: Reader = rows.reference, part_bytes: int = parts.PART_BYTES
) -> Manifest:
    """Rebuild a day from its raw objects and commit it. The same objects give the same rows.

    `part_bytes` is the size of raw data for each part; no day is in memory as a whole.

    Raises:
        DamagedObjectError: a raw object does not match its metadata.
        ManifestError: concurrent builds committed this day first, ATTEMPTS times.
    """
    for attempt in range(1, ATTEMPTS + 1):
        planned = parts.plan(lake, day, part_bytes)
        lines = parts.lines_of(lake, planned.events)
        with spread(lines, planned.parts) as partitions:
            made = [parts.build(lake, planned, n, pile, read) for n, pile in enumerate(partitions)]
        manifest = commit(lake, planned, made)
        if manifest is not None:
            return manifest
        stages.retry(f"build of {day}", attempt, ATTEMPTS, "a concurrent build committed it first")
    raise ManifestError(f"{day}: concurrent builds committed first, {ATTEMPTS} times; try again")


def preview(lake: Lake, day: date) -> Flattened:
    """Return the result of a build of the day, without writing anything (dry run)."""
    objects = lake.raw.objects_of(day)
    return flatten(
        parts.lines_of(lake, retractions.events_in(objects)),
        day,
        tombstones.read(lake),
        retracted=retractions.retracted_in(lake, objects),
    )


def commit(lake: Lake, planned: DayParts, made: Sequence[PartResult]) -> Manifest | None:
    """Commit a day's parts; None when a concurrent build committed the day after the plan."""
    day, before = planned.day, planned.before
    manifest = _manifest(planned, made)
    if not lake.csv.replace_manifest(keys.manifest_key(day), manifests.encode(manifest), before):
        return None
    lake.csv.remove(set(planned.parts_before) - {part.key for part in manifest.parts})
    if before is not None:
        lake.raw.remove(_quarantined_before(day, before) - set(manifest.quarantine_keys))
    return manifest


def _quarantined_before(day: date, before: ObjectBody) -> set[str]:
    """Return the last build's quarantine keys; none when its manifest is unreadable."""
    try:
        return set(manifests.decode(keys.manifest_key(day), before.body).quarantine_keys)
    except ManifestError:
        return set()


def _manifest(planned: DayParts, made: Sequence[PartResult]) -> Manifest:
    return Manifest(
        day=planned.day,
        columns=CSV_HEADER,
        parts=tuple(each.part for each in made if each.part),
        totals=sum((each.totals for each in made), Totals()),
        read=sum(each.read for each in made),
        redelivered=sum(each.redelivered for each in made),
        quarantined=dict(sum((Counter(each.quarantined) for each in made), Counter[str]())),
        erased=sum(each.erased for each in made),
        retracted=sum(each.retracted for each in made),
        quarantine_keys=tuple(sorted({key for each in made for key in each.quarantine_keys})),
        sources=tuple(Source(key=s.key, bytes=s.bytes, etag=s.etag) for s in planned.sources),
        running_until=planned.running_until,
        rules=rules.VERSION,
    )


def read_manifest(lake: Lake, day: date) -> Manifest | None:
    """Return a day's committed manifest; None when it was never built.

    Raises:
        ManifestError: the manifest is unreadable.
    """
    found = lake.csv.read(keys.manifest_key(day))
    return None if found is None else manifests.decode(keys.manifest_key(day), found.body)


def unread(manifest: Manifest, objects: Iterable[ObjectInfo]) -> list[ObjectInfo]:
    """Return the raw objects from which the manifest's CSV was not built."""
    known = {(source.key, source.etag) for source in manifest.sources}
    return [each for each in objects if (each.key, each.etag) not in known]


def committed(lake: Lake, day: date) -> Manifest:
    """Return a day's manifest, for a load.

    Raises:
        ManifestError: the day has no CSV, or one with other columns.
    """
    found = read_manifest(lake, day)
    if found is None:
        raise ManifestError(f"{day} has no CSV: build it first (ecom load {day}:{day})")
    if not found.has_known_header:
        raise ManifestError(
            f"{day}: its CSV has the columns {', '.join(found.columns)}, expected"
            f" {', '.join(CSV_HEADER)}: rebuild the day (ecom load {day}:{day})"
        )
    return found


def head(lake: Lake, manifest: Manifest, rows: int) -> list[list[str]]:
    """Return the first rows of a day's CSV, without its header.

    Raises:
        ManifestError: the first part does not exist.
    """
    if not manifest.parts:
        return []
    found = lake.csv.read(manifest.parts[0].key)
    if found is None:
        raise ManifestError(f"{manifest.parts[0].key} is missing: rebuild {manifest.day}")
    with gzip.open(io.BytesIO(found.body), "rt", encoding="utf-8", newline="") as text:
        return list(islice(csv.reader(text), 1, rows + 1))
