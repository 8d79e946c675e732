"""The columns of an invoice line, once: wire keys, CSV header, Glue and Redshift types follow.

A new column goes into ADDED, and nowhere else. What a value must look like is in event.py.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column as the wire, the lake and the warehouse spell it."""

    name: str
    redshift: str
    glue: str
    comment: str
    wire: str | None = None
    nullable: bool = False

    @property
    def max_bytes(self) -> int:
        """The most UTF-8 bytes of a text: Redshift's VARCHAR(n) counts bytes, not characters."""
        width = re.fullmatch(r"varchar\((\d+)\)", self.redshift)
        if width is None:
            raise TypeError(f"{self.name} is {self.redshift}, not a text")
        return int(width[1])


_FIRST = (
    Column(
        name="event_id",
        redshift="varchar(128)",
        glue="string",
        comment="The idempotency key: the producer's, or given on arrival",
    ),
    Column(
        name="invoice_no",
        redshift="varchar(20)",
        glue="string",
        wire="InvoiceNo",
        comment="Digits after an optional letter: C cancels, A adjusts a bad debt",
    ),
    Column(
        name="stock_code",
        redshift="varchar(32)",
        glue="string",
        wire="StockCode",
        comment="Case matters: 112 codes differ by case alone and have other prices",
    ),
    Column(
        name="description",
        redshift="varchar(256)",
        glue="string",
        wire="Description",
        nullable=True,
        comment="As sent, outer blanks included",
    ),
    Column(
        name="quantity",
        redshift="integer",
        glue="int",
        wire="Quantity",
        comment="Pieces; negative when they come back or are written off, never 0",
    ),
    Column(
        name="invoice_time",
        redshift="timestamp",
        glue="timestamp",
        wire="InvoiceDate",
        comment="The minute, on the shop's clock (Europe/London)",
    ),
    Column(
        name="unit_price",
        redshift="decimal(12,4)",
        glue="decimal(12,4)",
        wire="UnitPrice",
        comment="Pounds a piece, exact",
    ),
    Column(
        name="customer_id",
        redshift="varchar(20)",
        glue="string",
        wire="CustomerID",
        nullable=True,
        comment="Digits; null for a guest",
    ),
    Column(
        name="country",
        redshift="varchar(64)",
        glue="string",
        wire="Country",
        comment="As sent",
    ),
    Column(
        name="amount",
        redshift="decimal(22,4)",
        glue="decimal(22,4)",
        comment="quantity x unit_price, exact",
    ),
    Column(
        name="kind",
        redshift="varchar(12)",
        glue="string",
        comment="sale, cancellation, adjustment or write_off",
    ),
)

# A new column is a nullable text with a wire key: history stays as it is, its digests too. Any
# other change gives history another meaning, so it needs a migration and a rebuild of all days.
ADDED: tuple[Column, ...] = ()

COLUMNS = (*_FIRST, *ADDED)

PARTITION = Column(
    name="invoice_date",
    redshift="date",
    glue="date",
    comment="The day of invoice_time: partition of the lake, sort key of the warehouse",
)

CSV_HEADER = tuple(column.name for column in COLUMNS)
DATA_SET_KEYS = tuple(column.wire for column in _FIRST if column.wire)
WIRE_KEYS = (*DATA_SET_KEYS, *(column.wire for column in ADDED if column.wire))

_BY_NAME = {column.name: column for column in (*COLUMNS, PARTITION)}


def column(name: str) -> Column:
    """Return the column of that name."""
    return _BY_NAME[name]


for _each in ADDED:
    if not (_each.nullable and _each.wire and _each.redshift.startswith("varchar(")):
        raise TypeError(f"column {_each.name}: what is added must be a nullable text of the wire")
