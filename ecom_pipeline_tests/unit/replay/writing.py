"""Writes invoice lines in any of the forms that people's files have, and reads them."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook

from ecom_pipeline.replay.account import numbered
from ecom_pipeline.replay.choices import AS_IT_IS, Choices
from ecom_pipeline.replay.dataset import Events
from ecom_pipeline.replay.understanding import understand

KEYS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)


class Line(NamedTuple):
    """What a row means."""

    invoice: str
    code: str
    description: str
    quantity: int
    time: datetime
    price: Decimal
    customer: str
    country: str


NUMBERS: dict[str, Callable[[Decimal], str]] = {
    "plain": lambda n: f"{n:f}",
    "four decimals": lambda n: f"{n:.4f}",
    "float": lambda n: repr(float(n)),
    "float of 32 bits": lambda n: repr(float(np.float32(n))),
    "17 digits": lambda n: f"{float(n):.17g}",
    "grouped": lambda n: f"{n:,}",
    "pounds": lambda n: f"-£{-n:,}" if n < 0 else f"£{n:,}",
    "brackets": lambda n: f"({-n:,})" if n < 0 else f"{n:,}",
    "comma": lambda n: f"{n:f}".replace(".", ","),
    "German": lambda n: f"{n:,}".translate(str.maketrans(".,", ",.")),
    "French": lambda n: f"{n:,}".translate(str.maketrans(".,", ",\u202f")),
    "exponent": lambda n: f"{n:E}",
}

DATES: dict[str, Callable[[datetime], str]] = {
    "data set": lambda t: f"{t.month}/{t.day}/{t.year} {t.hour}:{t:%M}",
    "US padded": lambda t: f"{t:%m/%d/%Y %H:%M}",
    "US short": lambda t: f"{t.month}/{t.day}/{t:%y} {t.hour}:{t:%M}",
    "US AM/PM": lambda t: f"{t:%m/%d/%Y %I:%M:%S %p}",
    "UK": lambda t: f"{t:%d/%m/%Y %H:%M}",
    "UK bare": lambda t: f"{t.day}/{t.month}/{t.year} {t.hour}:{t:%M}",
    "UK dashes": lambda t: f"{t:%d-%m-%Y %H:%M}",
    "UK short": lambda t: f"{t:%d-%m-%y %H:%M}",
    "US dashes short": lambda t: f"{t:%m-%d-%y %H:%M}",
    "German": lambda t: f"{t:%d.%m.%Y} {t.hour}:{t:%M}",
    "ISO": lambda t: f"{t:%Y-%m-%d %H:%M}",
    "ISO seconds": lambda t: t.isoformat(" "),
    "ISO T": lambda t: t.isoformat(),
    "ISO Z": lambda t: f"{t.isoformat()}Z",
    "ISO short": lambda t: f"{t:%y-%m-%d %H:%M}",
    "Japanese": lambda t: f"{t:%Y/%m/%d %H:%M:%S}",
    "compact": lambda t: f"{t:%Y%m%d%H%M%S}",
    "named": lambda t: f"{t:%d-%b-%Y %H:%M}",
    "named short": lambda t: f"{t:%d-%b-%y %H:%M}",
    "date only": lambda t: f"{t:%Y-%m-%d}",
    "Excel": lambda t: repr((t - datetime(1899, 12, 30)).total_seconds() / 86_400),  # noqa: DTZ001
    "Excel rounded": lambda t: f"{(t - datetime(1899, 12, 30)).total_seconds() / 86_400:.2f}",  # noqa: DTZ001
    "epoch ms": lambda t: str(int(t.replace(tzinfo=UTC).timestamp() * 1_000)),
}

HEADERS: dict[str, Sequence[str]] = {
    "data set": KEYS,
    "second data set": (
        *("Invoice", "StockCode", "Description", "Quantity"),
        *("InvoiceDate", "Price", "Customer ID", "Country"),
    ),
    "snake": (
        *("invoice_no", "stock_code", "description", "quantity"),
        *("invoice_date", "unit_price", "customer_id", "country"),
    ),
    "lower": tuple(key.lower() for key in KEYS),
    "blanks": tuple(f" {key} " for key in KEYS),
}


@dataclass(frozen=True, kw_only=True)
class Form:
    """How to write a file."""

    encoding: str = "utf-8"
    separator: str = ","
    quotes: str = "as needed"  # all; or as Spark
    end: str = "\r\n"
    numbers: str = "plain"
    dates: str = "data set"
    header: str = "data set"
    missing: str = ""
    customers: str = "{}"
    order: tuple[int, ...] = tuple(range(8))
    index: bool = False
    packed: bool = False

    def texts(self, line: Line) -> list[str]:
        """Return a row's eight texts."""
        number = NUMBERS[self.numbers]
        return [
            line.invoice,
            line.code,
            line.description or self.missing,
            number(Decimal(line.quantity)) if self.numbers != "pounds" else str(line.quantity),
            DATES[self.dates](line.time),
            number(line.price),
            self.customers.format(line.customer) if line.customer else self.missing,
            line.country,
        ]

    def write(self, path: Path, lines: Sequence[Line]) -> Path:
        """Write a file."""
        rows = [list(HEADERS[self.header]), *map(self.texts, lines)]
        rows = [[row[at] for at in self.order] for row in rows]
        if self.index:
            rows = [["" if n == 0 else str(n - 1), *row] for n, row in enumerate(rows)]
        content = self._text(rows).encode(self.encoding)
        path.write_bytes(gzip.compress(content) if self.packed else content)
        return path

    def _text(self, rows: Sequence[Sequence[str]]) -> str:
        if self.quotes == "Spark":
            written = [self.separator.join(map(self._escaped, row)) for row in rows]
            return "".join(f"{row}{self.end}" for row in written)
        out = io.StringIO(newline="")
        quoting = csv.QUOTE_ALL if self.quotes == "all" else csv.QUOTE_MINIMAL
        kind = {"delimiter": self.separator, "lineterminator": self.end, "quoting": quoting}
        csv.writer(out, **kind).writerows(rows)
        return out.getvalue()

    def _escaped(self, text: str) -> str:
        """Return a field as Spark writes it: quoted where it must be, quotes by a backslash."""
        if not set(text) & {self.separator, '"', "\n"}:
            return text
        return '"' + text.replace('"', '\\"') + '"'


def cells(line: Line) -> dict[str, object]:
    """Return a row's typed values, as pandas has them; a whole number may be a float."""
    customer = float(line.customer) if line.customer else None
    values = (
        *(line.invoice, line.code, line.description or None, line.quantity),
        *(line.time, float(line.price), customer, line.country),
    )
    return dict(zip(KEYS, values, strict=True))


def json_lines(path: Path, lines: Sequence[Line], dates: str = "ISO seconds") -> Path:
    """Write JSON objects, one a line, with numbers as numbers."""
    rows = [cells(line) | {"InvoiceDate": DATES[dates](line.time)} for line in lines]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def workbook(path: Path, sheets: Mapping[str, Sequence[Line]], header: str = "data set") -> Path:
    """Write a workbook."""
    book = Workbook(write_only=True)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(HEADERS[header])
        for line in lines:
            sheet.append(list(cells(line).values()))
    book.save(path)
    return path


def parquet(path: Path, lines: Sequence[Line]) -> Path:
    """Write a Parquet file."""
    pq.write_table(pa.Table.from_pylist([cells(line) for line in lines]), path)
    return path


def read(path: Path, choices: Choices = AS_IT_IS) -> list[Line]:
    """Return what a file's rows mean to the program."""
    file = understand(path, choices)
    file.require_sendable(allow_rejects=False)
    return [
        Line(
            line.invoice_no,
            line.stock_code,
            line.description or "",
            line.quantity,
            line.invoice_time,
            line.unit_price,
            line.customer_id or "",
            line.country,
        )
        for _, line, _ in numbered(Events(file))
        if line is not None
    ]
