"""What was understood of a file, as a few lines for people to check before it is sent."""

import re
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.event import money
from ecom_pipeline.replay import decimal_mark, odd_values
from ecom_pipeline.replay.identity import LEFT_OUT
from ecom_pipeline.replay.understanding import Understanding
from ecom_pipeline.replay.values import MISSING_WORDS, Values

_QUANTITY, _DATE, _PRICE, _DESCRIPTION = (
    DATA_SET_KEYS.index(key) for key in ("Quantity", "InvoiceDate", "UnitPrice", "Description")
)
_TEN_THOUSAND = 10_000  # a price's unit here: a hundredth of a cent
_MOST = 2**62
_TWICE_ENCODED = re.compile("[\u00c2\u00c3][\u0080-\u00bf]")
_CHARACTERS = 20
_ASCII = frozenset(map(chr, range(128)))
# beside letters of Latin-1 and signs that texts have: others may be letters of other code pages
_UNUSUAL = re.compile(
    "[^\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u00a0\u00a3\u00a9\u00ae\u00b0\u00b4\u00b7"
    "\u00bc-\u00be\u2013\u2014\u2019\u201c\u201d\u2026\u20ac\u2122]"
)
_ONE_BYTE = "cp1252", "ISO-8859-1"  # what is valid UTF-8 is in no other code page


class Totals(NamedTuple):
    """The valid rows to send: how many, from when to when, and their exact revenue."""

    rows: int
    first: date
    last: date
    revenue: Decimal


def totals(file: Understanding) -> Totals:
    """Add up the valid rows of a file, which has some."""
    quantities = _numbers(file.columns[_QUANTITY], 1)
    prices = _numbers(file.columns[_PRICE], _TEN_THOUSAND)
    rows, revenue, first, last = 0, 0, date.max.toordinal(), 0
    for part in file.table:
        at = slice(part.first, part.first + len(part.lines))
        valid = (file.occurrences[at] != LEFT_OUT) & ~file.bad.rows[at]
        codes = part.codes[:, valid]
        if codes.shape[1]:
            days = file.days[codes[_DATE]]
            first, last = min(first, int(days.min())), max(last, int(days.max()))
            rows += codes.shape[1]
            revenue += _product(quantities[codes[_QUANTITY]], prices[codes[_PRICE]])
    return Totals(
        rows, date.fromordinal(first), date.fromordinal(last), Decimal(revenue) / _TEN_THOUSAND
    )


def lines(file: Understanding) -> list[str]:
    """Return what was understood: form, columns, dates and numbers, totals, and what is odd."""
    found = [f"{file.path}: {file.source.form}", _columns(file), _forms(file)]
    found.append(f"{file.rows:,} rows to send")
    if file.bad.count < file.rows:
        sums = totals(file)
        found[-1] += f", from {sums.first} to {sums.last}, revenue {money(sums.revenue):,.2f}"
    if odd := _odd(file):
        found.append(f"odd: {'; '.join(odd)}")
    return found


def bad_rows(file: Understanding) -> list[tuple[str, str]]:
    """Return each reason for bad rows, and how many there are and where."""
    found: list[tuple[str, str]] = []
    for reason, count in sorted(file.bad.reasons.items(), key=lambda each: -each[1]):
        examples = file.bad.examples[reason]
        places = ", ".join(f"{place} has {got}" for place, got in examples)
        more = ", ..." if count > len(examples) else ""
        found.append((reason, f"{count:,} rows: {places}{more}"))
    return found


def _columns(file: Understanding) -> str:
    header = file.source.reader.header
    said = ["columns: the eight"]
    if header.renamed:
        said.append(", ".join(header.renamed))
    if header.left_out:
        said.append(f"left out: {', '.join(header.left_out)}")
    return "; ".join([*said, *file.notes])


def _forms(file: Understanding) -> str:
    dates = file.columns[_DATE]
    texts = file.table.texts[_DATE]
    shown = next((n for n in range(len(texts)) if n not in dates.faults), None)
    example = "" if shown is None else f" {texts[shown]!r} is {file.moments[shown]:%-d %B %Y %H:%M}"
    currency = f", prices in {file.currency}" if file.currency else ""
    return f"dates:{example}{file.dates}; decimal {decimal_mark.NAMES[file.mark]}{currency}"


def _odd(file: Understanding) -> list[str]:
    """Return what may be meant otherwise."""
    equal = int((file.occurrences > 1).sum())
    descriptions = file.table.texts[_DESCRIPTION]
    garbled = sum(_TWICE_ENCODED.search(text) is not None for text in descriptions)
    others = sorted(set().union(*descriptions) - _ASCII)
    one_byte = any(name in file.source.form for name in _ONE_BYTE)
    unusual = _UNUSUAL.findall("".join(others)) if one_byte else []
    words = sum(text.lower() in MISSING_WORDS for text in file.columns[_DESCRIPTION].values)
    said = {
        f"{file.bad.count:,} rows that the API rejects": file.bad.count,
        f"{equal:,} rows equal another one and are sent as sales of their own": equal,
        "seconds are left out, as times are kept to the minute": file.seconds,
        f"{garbled:,} descriptions look encoded twice, such as 'Â£'": garbled,
        f"{words:,} descriptions such as 'NULL' are kept as texts": words,
        f"characters beside ASCII in descriptions: {' '.join(others[:_CHARACTERS])}": others,
        f"{' '.join(unusual[:_CHARACTERS])} may be letters of another code page than cp1252, such"
        " as cp850: then save the file as UTF-8": unusual,
    }
    return [*(text for text, is_so in said.items() if is_so), *odd_values.find(file)]


def _numbers(column: Values, unit: int) -> NDArray[np.int64]:
    """Return a column's numbers by code, as multiples of 1/unit; 0 for a text that is none."""
    found = enumerate(column.values)
    units = [0 if n in column.faults else int(Decimal(value) * unit) for n, value in found]
    return np.array(units, np.int64)


def _product(one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """Return the exact sum of products."""
    most = int(np.abs(one).max()) * int(np.abs(other).max()) * len(one)
    if most < _MOST:
        return int(one @ other)
    return sum(a * b for a, b in zip(one.tolist(), other.tolist(), strict=True))
