"""Build a day's CSV partition: read its raw objects, flatten, write parts, commit a manifest.

A part's name comes from what it holds and was made of, so a new version lies beside the old one
until the manifest names it; being killed at any step leaves the old day or the new one, never a
mixture.
"""

import csv
import gzip
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from hashlib import sha256
from itertools import islice

from ecom_pipeline.batch import manifest as manifests
from ecom_pipeline.batch import tombstones
from ecom_pipeline.batch.flatten import Flattened, Line, flatten
from ecom_pipeline.batch.lake import Found, Lake, Stored
from ecom_pipeline.batch.manifest import Manifest, ManifestError, Part, Source
from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.envelope import Rejected
from ecom_pipeline.domain.event import digest

_VERSION_DIGITS = 16
_ATTEMPTS = 5


def build(lake: Lake, day: date) -> Manifest:
    """Rebuild a day from its raw objects and commit it. The same objects make the same bytes.

    Raises:
        DamagedObjectError: a raw object does not hold what its metadata say.
        ManifestError: other builders of this day kept getting in between.
    """
    for _ in range(_ATTEMPTS):
        made = _build_once(lake, day)
        if made is not None:
            return made
    raise ManifestError(f"{day}: others built it at the same time, {_ATTEMPTS} times; try again")


def preview(lake: Lake, day: date) -> Flattened:
    """Return what a build of the day would commit now; nothing is written."""
    return flatten(_lines(lake, lake.raw_objects(day)), day, tombstones.read(lake))


def _build_once(lake: Lake, day: date) -> Manifest | None:
    """Build and commit a day; None when another builder committed it since we looked."""
    before = lake.read_csv(keys.manifest_key(day))
    parts_before = lake.csv_part_keys(day)  # listed before ours: a later builder's stay
    sources = lake.raw_objects(day)
    flat = flatten(_lines(lake, sources), day, tombstones.read(lake))
    set_aside = _set_aside(lake, flat, day)
    for key, records in set_aside.items():
        lake.write_records(key, records)
    made = _manifest(day, flat, sources, set_aside)
    for part in made.parts:
        lake.write_part(part.key, flat.csv)
    if not lake.replace_manifest(keys.manifest_key(day), manifests.encode(made), before):
        return None
    lake.remove_parts(set(parts_before) - {part.key for part in made.parts})
    if before is not None:
        lake.remove_records(_quarantined_before(day, before) - set(made.quarantine_keys))
    return made


def _quarantined_before(day: date, before: Stored) -> set[str]:
    """Return what the last build set aside; a manifest that can't be read no longer tells."""
    try:
        return set(manifests.decode(keys.manifest_key(day), before.body).quarantine_keys)
    except ManifestError:
        return set()


def read_manifest(lake: Lake, day: date) -> Manifest | None:
    """Return a day's committed manifest, or None when it was never built."""
    found = lake.read_csv(keys.manifest_key(day))
    return None if found is None else manifests.decode(keys.manifest_key(day), found.body)


def committed(lake: Lake, day: date) -> Manifest:
    """Return a day's manifest, or raise ManifestError when its CSV can't be loaded."""
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
    """Return the first rows of a day's CSV, without its header."""
    if not manifest.parts:
        return []
    found = lake.read_csv(manifest.parts[0].key)
    if found is None:
        raise ManifestError(f"{manifest.parts[0].key} has gone: rebuild {manifest.day}")
    with gzip.open(io.BytesIO(found.body), "rt", encoding="utf-8", newline="") as text:
        return list(islice(csv.reader(text), 1, rows + 1))


def _lines(lake: Lake, sources: Iterable[Found]) -> Iterator[Line]:
    for source in sources:
        for number, data in enumerate(lake.raw_lines(source.key), 1):
            yield Line(data, source.key, number)


def _set_aside(lake: Lake, flat: Flattened, day: date) -> dict[str, list[Rejected]]:
    """Return what goes to quarantine, by key; not what was replayed under another id since."""
    objects: dict[str, list[Rejected]] = defaultdict(list)
    for record in flat.rejected:
        objects[keys.transform_quarantine_key(record.received_at.date(), day)].append(record)
    for record, event in flat.conflicts:
        mark = digest(event.row())
        key = keys.conflict_key(record.received_at.date(), event.event_id, mark)
        if not lake.has(keys.replayed_key(key)):
            objects[key] = [envelope.conflict(record)]
    return objects


def _version(content: str, sources: Iterable[Found]) -> str:
    """Return what names a part: what it holds and what it was made of.

    By its content alone, a part could get the name of an older one that a builder, which was held
    up after its commit, is just about to remove.
    """
    made_of = "".join(f"{source.key} {source.etag}\n" for source in sources)
    return sha256(f"{content}\n{made_of}".encode()).hexdigest()[:_VERSION_DIGITS]


def _manifest(
    day: date, flat: Flattened, sources: Iterable[Found], set_aside: dict[str, list[Rejected]]
) -> Manifest:
    content = sha256(flat.csv).hexdigest()
    part = Part(
        key=keys.csv_part_key(day, _version(content, sources), 0),
        rows=flat.totals.rows,
        bytes=len(flat.csv),
        sha256=content,
    )
    reasons = Counter(record.reason for record in flat.rejected)
    if flat.conflicts:
        reasons["id_conflict"] = len(flat.conflicts)
    return Manifest(
        day=day,
        columns=CSV_HEADER,
        parts=(part,) if flat.totals.rows else (),
        totals=flat.totals,
        read=flat.read,
        redelivered=flat.redelivered,
        quarantined=dict(reasons),
        erased=flat.erased,
        quarantine_keys=tuple(sorted(set_aside)),
        sources=tuple(Source(key=s.key, bytes=s.bytes, etag=s.etag) for s in sources),
    )
