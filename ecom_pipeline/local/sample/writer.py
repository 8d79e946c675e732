"""A made-up data set: the real one's columns, spelling, rhythm and dirt, but no row of it.

The same seed gives the same bytes. What is sold is shop.py's; this is the clock, the
numbers and the file.
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
_BUSY = 0.25  # a day may have a quarter more or fewer rows than the mean
_GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was written: `days` with rows, `size` of the file in bytes, rows by class of dirt."""

    path: Path
    rows: int
    days: int
    size: int
    dirt: Mapping[str, int]


def write_sample(
    path: Path, *, days: int = 14, rows_per_day: int = 1_700, seed: int = 1, start: date = START
) -> Sample:
    """Write a made-up data set of so many calendar days; gzipped if its name ends in .gz.

    Saturdays are closed. Memory is flat, and the file appears under its name once it is whole.
    From about 2,000 rows on, every class of dirt occurs (dirt.py).
    """
    if days < 1 or rows_per_day < 1:
        raise ValueError("a sample needs one day and one row a day at least")
    census, open_days = Census(), 0
    ledger = _Ledger(Shop(seed, census), census)
    busy = random.Random(f"busy {seed}")  # noqa: S311 - made-up data, not a secret
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
    """Gives invoices their numbers and minutes; both only grow."""

    def __init__(self, shop: Shop, census: Census) -> None:
        self._shop = shop
        self._census = census
        self._numbers = count(_FIRST_INVOICE)

    def day(self, day: date, rows: int) -> Iterator[list[Line]]:
        """Yield a day's invoices, about `rows` lines of them; the shop sees each in the census."""
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
    """Open a text file that takes the place of `path` when all went well."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(partial.open("wb"))
            if path.suffix == ".gz":  # no name and no time inside: same rows, same bytes
                raw = stack.enter_context(
                    gzip.GzipFile("", "wb", compresslevel=_GZIP_LEVEL, fileobj=raw, mtime=0)
                )
            yield stack.enter_context(io.TextIOWrapper(raw, encoding="iso-8859-1", newline=""))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
