"""Write generated sales: the real columns, format, rhythm and anomalies, but no real row.

The same seed gives the same bytes. Here: the clock, the numbers and the file; what is sold is in
shop.py.
"""

import csv
import gzip
import io
import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import TextIO

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.local.sample.dirt import Census, Line
from ecom_pipeline.local.sample.shop import Invoice, Shop

START = date(2010, 12, 1)

_FIRST_INVOICE = 700_001
_OPENS, _CLOSES = 8 * 60 + 5, 17 * 60 + 40
_SATURDAY = 5
_BUSY = 0.25  # a day has up to a quarter more or fewer rows than the mean
_GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was written: `days` with rows, `size` of the file in bytes, rows by class of anomaly."""

    path: Path
    rows: int
    days: int
    size: int
    dirt: Mapping[str, int]


def write_sample(
    path: Path, *, days: int = 14, rows_per_day: int = 1_700, seed: int = 1, start: date = START
) -> Sample:
    """Write a generated data set of `days` calendar days; gzipped if its name ends in .gz.

    Saturdays are closed. Memory is constant, and the file is renamed to its name once it is
    complete.
    From about 2,000 rows on, every class of anomaly occurs (dirt.py).

    Raises:
        ValueError: `days` or `rows_per_day` is below 1.
    """
    if days < 1 or rows_per_day < 1:
        raise ValueError("a sample needs at least one day and one row a day")
    census, open_days = Census(), 0
    ledger = _Ledger(Shop(seed, census), census)
    busy = random.Random(f"busy {seed}")  # noqa: S311 - sample data, not a secret
    path.parent.mkdir(parents=True, exist_ok=True)
    with _replaced(path) as handle:
        writer = csv.writer(handle, lineterminator="\r\n")
        writer.writerow(DATA_SET_KEYS)
        for day in (start + timedelta(days=offset) for offset in range(days)):
            if day.weekday() != _SATURDAY:
                open_days += 1
                rows = max(1, round(rows_per_day * (1 + _BUSY * (2 * busy.random() - 1))))
                for lines in ledger.day(day, rows):
                    writer.writerows(lines)
    return Sample(
        path=path,
        rows=census.rows,
        days=open_days,
        size=path.stat().st_size,
        dirt=dict(sorted(census.counts.items())),
    )


class _Ledger:
    """Assigns increasing numbers and minutes to invoices."""

    def __init__(self, shop: Shop, census: Census) -> None:
        self._shop = shop
        self._census = census
        self._numbers = count(_FIRST_INVOICE)

    def day(self, day: date, rows: int) -> Iterator[list[Line]]:
        """Yield a day's invoices, about `rows` lines of them; each is counted in the census."""
        done, minute = 0, _OPENS
        while done < rows:
            for invoice in self._shop.next(rows - done):
                minute = max(minute, _OPENS + (_CLOSES - _OPENS) * done // rows)
                lines = self._lines(invoice, day, minute)
                minute += invoice.spans
                done += len(lines)
                self._census.add(lines)
                yield lines

    def _lines(self, invoice: Invoice, day: date, minute: int) -> list[Line]:
        number = f"{invoice.prefix}{next(self._numbers)}"
        turns = len(invoice.items) // 2 if invoice.spans else len(invoice.items)
        times = _spelled(day, minute), _spelled(day, minute + 1)
        return [
            Line(
                number,
                item.code,
                item.name,
                str(item.quantity),
                times[at >= turns],
                item.price,
                invoice.customer.number,
                invoice.customer.country,
            )
            for at, item in enumerate(invoice.items)
        ]


def _spelled(day: date, minute: int) -> str:
    return f"{day.month}/{day.day}/{day.year} {minute // 60}:{minute % 60:02d}"


@contextmanager
def _replaced(path: Path) -> Iterator[TextIO]:
    """Open a text file that replaces `path` when it was written without an error."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(partial.open("wb"))
            if path.suffix == ".gz":  # no name and no time in the header: same rows, same bytes
                raw = stack.enter_context(
                    gzip.GzipFile("", "wb", compresslevel=_GZIP_LEVEL, fileobj=raw, mtime=0)
                )
            yield stack.enter_context(io.TextIOWrapper(raw, encoding="iso-8859-1", newline=""))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
