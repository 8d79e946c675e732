"""Columns of an invoice line; wire keys, CSV header, Glue and Redshift types derive from them.

A new column goes into ADDED and into infra/openapi.yaml. Validation rules are in event.py.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its names and types on the wire, in the lake and in the warehouse."""

    name: str
    redshift: str
    glue: str
    comment: str
    wire: str | None = None
    nullable: bool = False

    @property
    def max_bytes(self) -> int:
        """The maximum length in bytes of UTF-8, the unit of Redshift's VARCHAR(n).

        Raises:
            TypeError: the column is not a varchar.
        """
        width = re.fullmatch(r"varchar\((\d+)\)", self.redshift)
        if width is None:
            raise TypeError(f"{self.name} is {self.redshift}, not a varchar")
        return int(width[1])


_FIRST = (
    Column(
        name="event_id",
        redshift="varchar(128)",
        glue="string",
        comment="Idempotency key: set by the producer, or assigned by the API",
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
        comment="Case-sensitive: 112 codes differ by case alone and have different prices",
    ),
    Column(
        name="description",
        redshift="varchar(256)",
        glue="string",
        wire="Description",
        nullable=True,
        comment="As sent, including leading and trailing blanks",
    ),
    Column(
        name="quantity",
        redshift="integer",
        glue="int",
        wire="Quantity",
        comment="Pieces (units of the article); negative for returns and write-offs, never 0",
    ),
    Column(
        name="invoice_time",
        redshift="timestamp",
        glue="timestamp",
        wire="InvoiceDate",
        comment="To the minute, in the shop's time zone",
    ),
    Column(
        name="unit_price",
        redshift="decimal(12,4)",
        glue="decimal(12,4)",
        wire="UnitPrice",
        comment="Per piece, in the shop's currency, exact",
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

# An added column is a nullable text with a wire key, so existing rows and their digests stay
# valid. Any other change alters existing rows: it needs a migration and a rebuild of all days.
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
    """Return the column called `name`."""
    return _BY_NAME[name]


for _each in ADDED:
    if not (_each.nullable and _each.wire and _each.redshift.startswith("varchar(")):
        raise TypeError(f"column {_each.name}: expected a nullable varchar with a wire key")
