"""A whole file read once for all tests: the real one takes seconds."""

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

from isal import igzip

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay.csv_file import CsvFile, inspect, rows_of

NAMES = "InvoiceNo", "StockCode", "Description", "CustomerID"

_PIECE = 1_000


@dataclass
class Reading:
    """What one pass over a whole file found."""

    file: CsvFile
    sha256: str
    exact: bool = True  # pandas and csv give the same rows
    values: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # of NAMES
    sold: Counter[tuple[str, str]] = field(default_factory=Counter)  # quantity and price, as texts


@cache
def reading_of(path: Path) -> Reading:
    """Read a file by the program and as csv does."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = igzip.decompress(content)
    theirs = _as_csv_reads(content.decode("iso-8859-1"))
    found = Reading(inspect(path), hashlib.sha256(content).hexdigest())
    found.exact = next(theirs) == DATA_SET_KEYS
    ours = rows_of(found.file)
    while piece := list(islice(ours, _PIECE)):
        found.exact &= piece == list(islice(theirs, _PIECE))
        columns = dict(zip(DATA_SET_KEYS, zip(*piece, strict=True), strict=True))
        for key in NAMES:
            found.values[key].update(columns[key])
        found.sold.update(zip(columns["Quantity"], columns["UnitPrice"], strict=True))
    found.exact &= next(theirs, None) is None
    return found


def _as_csv_reads(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a text without line ends in its fields; csv reads the lines with quotes."""
    assert text.endswith("\r\n")
    for line in text[:-2].split("\r\n"):
        yield tuple(line.split(",") if '"' not in line else next(csv.reader([line])))
