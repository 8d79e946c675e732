"""The rows of the wanted events in a day's committed CSV."""

import csv
import gzip
import io
from collections.abc import Iterator, Set
from datetime import date

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.lake import manifest as manifests
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.trace.model import CsvRow, Manifest

_ID = CSV_HEADER.index("event_id")


class DayCsv:
    """A day's manifest and the wanted rows; `sources` has the ETag of each raw object it used."""

    def __init__(self, lake: Lake, day: date, ids: Set[str]) -> None:
        self.manifest: Manifest | None = None
        self.rows: dict[str, CsvRow] = {}
        self.sources: dict[str, str] = {}
        self.lost: list[str] = []
        key = keys.manifest_key(day)
        stored = lake.csv.read(key)
        if stored is None:
            return
        found = manifests.decode(key, stored.body)
        self.manifest = Manifest(
            key=key,
            built_at=stored.written,
            rules=found.rules,
            sources=len(found.sources),
            rows=found.totals.rows,
        )
        self.sources = {source.key: source.etag for source in found.sources}
        for part in found.parts if ids else ():
            if len(self.rows) == len(ids):
                return
            self._read(lake, part.key, ids)

    def _read(self, lake: Lake, part: str, ids: Set[str]) -> None:
        stored = lake.csv.read(part)
        try:
            text = b"" if stored is None else gzip.decompress(stored.body)
        except (OSError, EOFError):
            stored, text = None, b""
        if stored is None:
            self.lost.append(f"{part}: missing or damaged; ecom reconcile --repair")
        if any(each.encode() in text for each in ids):
            for number, row in _numbered(text):
                if row[_ID] in ids:
                    self.rows.setdefault(row[_ID], CsvRow(part=part, line=number))


def _numbered(text: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield each line of a part with its number; the header is line 1."""
    reader = csv.reader(io.StringIO(text.decode(), newline=""))
    for row in reader:
        yield reader.line_num, row
