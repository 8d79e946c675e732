"""Raw lines of a day -> CSV rows, with an account of every line that came in.

Pure: lines in, a file object and a result out. Where objects lie is in lake.py, what commits a
day in partition.py.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.envelope import Accepted, Rejected, UnreadableError
from ecom_pipeline.domain.event import EventError, InvoiceLine, digest
from ecom_pipeline.domain.tombstone import NONE, Tombstones
from ecom_pipeline.domain.totals import Totals


@dataclass(frozen=True, slots=True)
class Line:
    """One raw line and where it stood, for errors."""

    data: bytes
    object_key: str
    number: int


@dataclass(frozen=True, slots=True)
class Flattened:
    """A day's CSV and its account.

    `read` = totals.rows + redelivered + rejected + conflicts + erased. `digests` has each row's,
    by event id.
    """

    csv: bytes
    digests: Mapping[str, int]
    totals: Totals
    read: int
    redelivered: int
    rejected: tuple[Rejected, ...]
    conflicts: tuple[tuple[Accepted, InvoiceLine], ...]
    erased: int = 0


def flatten(lines: Iterable[Line], day: date, tombstones: Tombstones = NONE) -> Flattened:
    """Return a day's rows as gzip CSV, the first content of each event id only.

    The same lines make the same bytes. A line that can't be used is set aside with its reason;
    an event of another day under this one's prefix is refused too. An erased customer's event is
    anonymous or, if it was to be deleted, only counted.
    """
    account = _Account(day)
    if tombstones:
        lines = account.unerased(lines, tombstones)
    body = io.BytesIO()
    with (
        gzip.GzipFile(filename="", fileobj=body, mode="wb", compresslevel=6, mtime=0) as packed,
        io.TextIOWrapper(packed, "utf-8", newline="") as text,
    ):
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CSV_HEADER)
        writer.writerows(account.rows(lines))
    return Flattened(
        csv=body.getvalue(),
        digests=account.digests,
        totals=account.totals(),
        read=account.read,
        redelivered=account.redelivered,
        rejected=tuple(account.rejected),
        conflicts=tuple(account.conflicts),
        erased=account.erased,
    )


class _Account:
    """What is known of a day while its lines go by: a digest an event id, and no rows."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.read = 0
        self.redelivered = 0
        self.erased = 0
        self.quantity = 0
        self.amount = Decimal("0.0000")
        self.digests: dict[str, int] = {}
        self.rejected: list[Rejected] = []
        self.conflicts: list[tuple[Accepted, InvoiceLine]] = []

    def unerased(self, lines: Iterable[Line], tombstones: Tombstones) -> Iterator[Line]:
        """Yield lines as they may be used; one that may not be is read and counted here."""
        for line in lines:
            data = tombstones.applied(line.data)
            if data is None:
                self.read += 1
                self.erased += 1
            else:
                yield line if data is line.data else replace(line, data=data)

    def rows(self, lines: Iterable[Line]) -> Iterator[tuple[str, ...]]:
        """Yield the row of each event that was not seen before."""
        for line in lines:
            self.read += 1
            try:
                record, event = self._event(line)
            except (UnreadableError, EventError) as error:
                self.rejected.append(_set_aside(line, error))
                continue
            row = event.row()
            if self._is_new(record, event, digest(row)):
                yield row

    def totals(self) -> Totals:
        return Totals(
            rows=len(self.digests),
            quantity=self.quantity,
            amount=self.amount,
            digest=sum(self.digests.values()),
        )

    def _event(self, line: Line) -> tuple[Accepted, InvoiceLine]:
        record, event = envelope.event_of(line.data)
        if isinstance(record, Rejected) or event is None:
            raise UnreadableError("a rejected record under a raw prefix")
        if event.invoice_date != self.day:
            raise EventError("InvoiceDate", f"a time of {self.day}", str(event.invoice_time))
        return record, event

    def _is_new(self, record: Accepted, event: InvoiceLine, mark: int) -> bool:
        standing = self.digests.get(event.event_id)
        if standing is None:
            self.digests[event.event_id] = mark
            self.quantity += event.quantity
            self.amount += event.amount
        elif standing == mark:
            self.redelivered += 1
        else:
            self.conflicts.append((record, event))
        return standing is None


def _set_aside(line: Line, error: UnreadableError | EventError) -> Rejected:
    """Return the record for quarantine; it keeps its arrival when that can be read."""
    try:
        arrived = envelope.decode(line.data).received_at
    except UnreadableError:
        arrived = datetime(1970, 1, 1, tzinfo=UTC)  # unknown: constant, so a rebuild is the same
    known = isinstance(error, EventError)
    return envelope.rejected(
        line.data,
        record=f"{line.object_key} line {line.number}",
        reason="invalid" if known else "unreadable",
        received_at=arrived,
        error=error if known else EventError("", "a record of the archive function", str(error)),
    )
