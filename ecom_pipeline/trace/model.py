"""What a trace tells of one event: its records, rows and versions, and the states that follow.

No customer id and no sent value is in it. Times are UTC.
"""

from datetime import date, datetime
from typing import Literal

import msgspec

Content = Literal["first", "redelivered", "conflict", "invalid"]
Aside = Literal["quarantined", "replayed", "discarded"]


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the raw lake. Its batch's sequence numbers are in the object's key.

    `content`: the first content of an event id stands; a copy is a redelivery if it is equal, else
    a conflict; invalid by the current rules. `sequence` and `on_stream_at` are the stream's, for as
    long as it keeps the record. `erased` is the mode in which its customer was erased.
    """

    key: str
    line: int
    content: Content
    received_at: datetime
    written_at: datetime | None
    id_source: str
    invoice_no: str = ""
    customer: Literal["known", "none"] = "none"
    erased: str = ""
    shard: str = ""
    first_sequence: str = ""
    last_sequence: str = ""
    sequence: str = ""
    on_stream_at: datetime | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """The line in DynamoDB; `retracted` is the cause, empty while the line stands."""

    invoice_no: str
    invoice_date: date
    received_at: datetime
    retracted: str = ""


class CsvRow(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the committed CSV that has the row."""

    part: str
    line: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The day's committed CSV: when, by which rules, from how many raw objects."""

    key: str
    built_at: datetime | None
    rules: int
    sources: int
    rows: int


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published version of the day in the ledger."""

    version: int
    cause: str
    published_at: datetime


class Retraction(msgspec.Struct, frozen=True, kw_only=True):
    """The retraction in force; `stands` again after a change back."""

    stands: bool
    cause: str
    at: datetime
    by: str
    replaced_by: str = ""


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """A match of marts.returns: the other line, and the pieces; no other line if none matched."""

    role: Literal["returned by", "return of"]
    event_id: str | None
    invoice_no: str | None
    invoice_date: date | None
    pieces: int
    match: str


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """A record in quarantine, replayed or discarded; `id` is for `ecom quarantine show`."""

    state: Aside
    key: str
    id: str
    reason: str
    field: str
    expected: str
    received_at: datetime


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """A failed batch that has the event and was not redelivered."""

    key: str
    function: str
    cause: str
    at: datetime


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the first record, and how many seconds it took after the one before."""

    name: str
    at: datetime
    seconds: float | None


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """One event across all stores; `missing` are the stores that should have it and don't."""

    event_id: str
    invoice_no: str = ""
    invoice_date: date | None = None
    states: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    item: Item | None = None
    csv: CsvRow | None = None
    manifest: Manifest | None = None
    fact_rows: int = 0
    versions: tuple[Version, ...] = ()
    version: int | None = None
    marts_version: int | None = None
    retraction: Retraction | None = None
    restates: tuple[str, ...] = ()
    returns: tuple[Return, ...] = ()
    aside: tuple[SetAside, ...] = ()
    given_up: tuple[GivenUp, ...] = ()
    hops: tuple[Hop, ...] = ()

    @property
    def found(self) -> bool:
        """Whether any store has the event, or had it set aside."""
        return bool(self.copies or self.item or self.fact_rows or self.aside or self.given_up)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to trace: an event, or all events of an invoice.

    `day` is the event's invoice date, or the day on which it was received.
    """

    event_id: str | None = None
    invoice_no: str | None = None
    day: date | None = None

    def is_wanted(self, event_id: str, invoice_no: str) -> bool:
        """Return whether an event is wanted."""
        if self.event_id is not None:
            return event_id == self.event_id
        return invoice_no == self.invoice_no

    @property
    def needle(self) -> bytes:
        """Bytes that each record of a wanted event contains."""
        return str(self.event_id if self.event_id is not None else self.invoice_no).encode()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The traces, where was looked, and what could not be read.

    `aside` are records set aside that name the invoice asked for, and maybe no event id.
    """

    traces: tuple[Trace, ...]
    aside: tuple[SetAside, ...] = ()
    looked: tuple[str, ...]
    notes: tuple[str, ...] = ()
