"""`python -m bench.reading CSV`: understanding a file and reading it, against reading it alone.

What `ecom replay` did before it understood files (commit 755f5e9) is the measure: the digest, all
rows once to count them, and once more as events, by pandas, with ids of the file's digest and the
row's number. Prints a table.
"""

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from statistics import median

import pandas as pd

from bench import outcome
from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay.dataset import events
from ecom_pipeline.replay.identity import uuid5

ROUNDS = 5
MOST = 1.3
_CHUNK_ROWS = 20_000


def read(csv: Path) -> int:
    """Read a plain CSV file in the data set's form as before; return the number of rows."""
    sha256 = hashlib.sha256(csv.read_bytes()).hexdigest()
    count = sum(1 for _ in _rows(csv))
    for number, row in enumerate(_rows(csv), 1):
        event: dict[str, object] = dict(zip(DATA_SET_KEYS, row, strict=True))
        event["event_id"] = uuid5(f"{sha256}:{number}")
        for name in ("Description", "CustomerID"):
            event[name] = event[name] or None
        for name in ("Quantity", "UnitPrice"):
            event[name] = _number(str(event[name]))
    return count


def understand_and_read(csv: Path) -> int:
    """Understand a file and read it; return the number of rows."""
    found = events(csv)
    count = found.count()
    for _ in found:
        pass
    return count


def figures(csv: Path) -> Iterator[outcome.Figure]:
    """Yield the CPU seconds of both, in turn, so that load on the machine affects both."""
    rounds = [[_cpu(way, csv) for way in (read, understand_and_read)] for _ in range(ROUNDS)]
    before, now = (median(column) for column in zip(*rounds, strict=True))
    yield outcome.Figure("understand and read a file, CPU s (read)", before, now, at_most=MOST)


def _rows(csv: Path) -> Iterator[tuple[str, ...]]:
    reading = pd.read_csv(
        csv, dtype=str, keep_default_na=False, chunksize=_CHUNK_ROWS, encoding="iso-8859-1"
    )
    with reading as chunks:
        for chunk in chunks:
            yield from zip(*(chunk[name].tolist() for name in DATA_SET_KEYS), strict=True)


@lru_cache(maxsize=4096)
def _number(text: str) -> int | Decimal:
    return int(text) if text.lstrip("-").isdigit() else Decimal(text)


def _cpu(way: Callable[[Path], int], csv: Path) -> float:
    began = time.process_time()
    way(csv)
    return time.process_time() - began


def main() -> int:
    """Measure and print."""
    outcome.show(list(figures(Path(sys.argv[1]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
