"""The anomalies of the real data set by class: how to recognise each, and how often it occurs.

The generator follows these rates (shop.py). Every class is of valid events: none is to be
corrected.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

HOME = "United Kingdom"
REAL_ROWS = 541_909
_BIG = 50_000


class Line(NamedTuple):
    """The texts of a row, in the file's order."""

    invoice_no: str
    stock_code: str
    description: str
    quantity: str
    invoice_date: str
    unit_price: str
    customer_id: str
    country: str


def _is_note(line: Line) -> bool:
    text = line.description
    return bool(text) and line.unit_price == "0" and not line.customer_id and not text.isupper()


def _code(code: str) -> Callable[[Line], bool]:
    return lambda line: line.stock_code == code


_LOWER_CODE = re.compile(r"\d{5}[A-Z]*[a-z]", re.ASCII)

# class: (its rows among the real file's 541,909, predicate of a line)
_BY_LINE: dict[str, tuple[int, Callable[[Line], bool]]] = {
    "C": (9_288, lambda line: line.invoice_no[0] == "C"),
    "A": (3, lambda line: line.invoice_no[0] == "A"),
    "negq_notC": (1_336, lambda line: line.quantity[0] == "-" and line.invoice_no[0] != "C"),
    "p0": (2_515, lambda line: line.unit_price == "0"),
    "pneg": (2, lambda line: line.unit_price[0] == "-"),
    "p0.001": (4, lambda line: line.unit_price == "0.001"),
    "nocust": (135_080, lambda line: not line.customer_id),
    "nodesc": (1_454, lambda line: not line.description),
    "lowercode": (1_942, lambda line: _LOWER_CODE.match(line.stock_code) is not None),
    "POST": (1_256, _code("POST")),
    "DOT": (710, _code("DOT")),
    "M": (571, _code("M")),
    "D": (77, _code("D")),
    "S": (63, _code("S")),
    "BANK": (37, _code("BANK CHARGES")),
    "AMAZON": (34, _code("AMAZONFEE")),
    "CRUK": (16, _code("CRUK")),
    "C2": (144, _code("C2")),
    "gift": (34, lambda line: line.stock_code.startswith("gift_")),
    "DCG": (45, lambda line: line.stock_code.startswith("DCG")),
    "PADS": (4, _code("PADS")),
    "m": (1, _code("m")),
    "quote": (1_239, lambda line: '"' in line.description),
    "comma": (4_796, lambda line: "," in line.description),
    "lead": (1_271, lambda line: line.description.startswith(" ")),
    "trail": (112_626, lambda line: line.description.endswith(" ")),
    "double_blank": (19_971, lambda line: "  " in line.description.strip()),
    "qmark": (82, lambda line: "?" in line.description),
    "nonascii": (32, lambda line: not line.description.isascii()),
    "junk": (640, _is_note),
    "numdesc": (1, lambda line: line.description.isdecimal()),
    "bigq": (4, lambda line: abs(int(line.quantity)) >= _BIG),
    "foreign": (46_431, lambda line: line.country != HOME),
}

# recognised by whole invoices only: surplus equal rows, surplus rows of one code, rows of an
# invoice that spans two minutes
_BY_INVOICE = {"dup": 5_268, "same_code": 10_684, "twodates": 3_347}

REAL_COUNTS: Mapping[str, int] = MappingProxyType(
    {name: count for name, (count, _) in _BY_LINE.items()} | _BY_INVOICE
)


def classes_of(line: Line) -> list[str]:
    """Return the classes of one line by itself."""
    return [name for name, (_, shows) in _BY_LINE.items() if shows(line)]


class Census:
    """Counts lines by class, one invoice at a time, in constant memory."""

    def __init__(self) -> None:
        self.rows = 0
        self.counts: Counter[str] = Counter()

    def add(self, invoice: Sequence[Line]) -> None:
        self.rows += len(invoice)
        for line in invoice:
            self.counts.update(classes_of(line))
        self.counts["dup"] += len(invoice) - len(set(invoice))
        self.counts["same_code"] += len(invoice) - len({line.stock_code for line in invoice})
        if len({line.invoice_date for line in invoice}) > 1:
            self.counts["twodates"] += len(invoice)


class Quotas:
    """How many lines of a class a growing file lacks to match the real one's rates.

    Every class is due once within the first thousand rows, one after the other, and then at its
    rate:
    so small files have all of them, and no randomness decides whether a rare one occurs.
    """

    _STEP = 25

    def __init__(self, census: Census) -> None:
        self._census = census
        self._first = {name: self._STEP * at for at, name in enumerate(REAL_COUNTS, 1)}

    def lacking(self, name: str, coming: int = 0) -> int:
        """Return how many lines are lacking after `coming` more rows; 0 if none."""
        since = self._census.rows + coming - self._first[name]
        if since < 0:
            return 0
        wanted = 1 + since * REAL_COUNTS[name] // REAL_ROWS
        return max(0, wanted - self._census.counts[name])
