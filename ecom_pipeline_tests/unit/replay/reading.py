"""A whole file read once for all tests: the real one takes seconds."""

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from isal import igzip

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay.choices import AS_IT_IS, DATA_SET
from ecom_pipeline.replay.dataset import Events
from ecom_pipeline.replay.source import Source
from ecom_pipeline.replay.understanding import understand

NAMES = "InvoiceNo", "StockCode", "Description", "CustomerID"

_PIECE = 1_000


@dataclass
class Reading:
    """What one pass over a whole file found."""

    source: Source
    sha256: str
    exact: bool = True  # the program and csv give the same rows
    values: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # of NAMES
    sold: Counter[tuple[str, str]] = field(default_factory=Counter)  # quantity and price, as texts


@cache
def reading_of(path: Path) -> Reading:
    """Read a file by the program and as csv does."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = igzip.decompress(content)
    theirs = _as_csv_reads(content.decode("iso-8859-1"))
    found = Reading(Source(path, AS_IT_IS), hashlib.sha256(content).hexdigest())
    found.exact = next(theirs) == DATA_SET_KEYS
    ours = rows_of(found.source)
    while piece := list(islice(ours, _PIECE)):
        found.exact &= piece == list(islice(theirs, _PIECE))
        columns = dict(zip(DATA_SET_KEYS, zip(*piece, strict=True), strict=True))
        for key in NAMES:
            found.values[key].update(columns[key])
        found.sold.update(zip(columns["Quantity"], columns["UnitPrice"], strict=True))
    found.exact &= next(theirs, None) is None
    return found


def events(path: Path, **selection: Any) -> Events:
    """Return the events of a file of the data set's form."""
    return Events(understand(path, DATA_SET), **selection)


def rows_of(source: Source) -> Iterator[tuple[str, ...]]:
    """Yield the eight texts of each row of a file."""
    texts = source.table.texts
    for part in source.table:
        columns = [
            [of[code] for code in codes] for of, codes in zip(texts, part.codes, strict=True)
        ]
        yield from zip(*columns, strict=True)


def read(path: Path) -> list[tuple[str, ...]]:
    """Return the eight texts of each row of a file."""
    return list(rows_of(Source(path, AS_IT_IS)))


def _as_csv_reads(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a text without line ends in its fields; csv reads the lines with quotes."""
    assert text.endswith("\r\n")
    for line in text[:-2].split("\r\n"):
        yield tuple(line.split(",") if '"' not in line else next(csv.reader([line])))
