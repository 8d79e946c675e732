"""Raw lines of a day, or of a part of it -> CSV rows, with counts that cover every input line.

Pure functions. Parsing of a line is in rows.py, S3 access in buckets.py, the commit of a day in
partition.py.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice

from isal import igzip

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.domain.digest import SEPARATOR, digest_of_text
from ecom_pipeline.domain.envelope import Accepted, Rejected, UnreadableError
from ecom_pipeline.domain.event import EventError, InvoiceLine
from ecom_pipeline.domain.tombstone import NONE, Tombstones
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import rows
from ecom_pipeline.lake.rows import Reader

# igzip's level 2 takes a tenth of the time of zlib's level 6, for 7 % more bytes (2026-11-22)
GZIP_LEVEL = 2
_ROWS_A_WRITE = 1_000


# A raw line: its bytes, its object's key and its line number there (from 1), for error messages
Line = tuple[bytes, str, int]


@dataclass(frozen=True, slots=True)
class Flattened:
    """A day's CSV (gzip), its totals, and counts of all lines read.

    `read` = totals.rows + redelivered + rejected + conflicts + erased + retracted. `digests` is the
    digest of each row by event id.
    """

    csv: bytes
    digests: Mapping[str, int]
    totals: Totals
    read: int
    redelivered: int
    rejected: tuple[Rejected, ...]
    conflicts: tuple[tuple[Accepted, InvoiceLine], ...]
    erased: int = 0
    retracted: int = 0


def flatten(
    lines: Iterable[Line],
    day: date,
    tombstones: Tombstones = NONE,
    read: Reader = rows.reference,
    retracted: Set[str] = frozenset(),
) -> Flattened:
    """Return the lines' rows as gzip CSV; the first content of each event id wins.

    The same lines give the same bytes, on CPUs of one kind. Invalid lines are quarantined with the
    reason, as are events of another day than `day`. Erased customers' events are redacted or, in
    mode "delete", only counted. Records of the event ids in `retracted` are only counted, too.
    """
    account = _Account(day, read, retracted)
    if tombstones:
        lines = account.unerased(lines, tombstones)
    body = io.BytesIO()
    texts = map(csv_line, account.rows(lines))
    with igzip.IGzipFile("", "wb", GZIP_LEVEL, body, mtime=0) as packed:
        packed.write(f"{','.join(CSV_HEADER)}\n".encode())
        while block := "".join(islice(texts, _ROWS_A_WRITE)):
            packed.write(block.encode())
    return Flattened(
        csv=body.getvalue(),
        digests=account.digests,
        totals=account.totals(),
        read=account.read,
        redelivered=account.redelivered,
        rejected=tuple(account.rejected),
        conflicts=tuple(account.conflicts),
        erased=account.erased,
        retracted=account.retracted,
    )


class _Account:
    """The counts of a day while its lines are streamed: a digest per event id, but no rows."""

    def __init__(self, day: date, read: Reader, taken_back: Set[str]) -> None:
        self.day = day
        self.taken_back = taken_back
        self.reader = read
        self.read = 0
        self.redelivered = 0
        self.erased = 0
        self.retracted = 0
        self.quantity = 0
        self.amount = Decimal("0.0000")
        self.digests: dict[str, int] = {}
        self.rejected: list[Rejected] = []
        self.conflicts: list[tuple[Accepted, InvoiceLine]] = []

    def unerased(self, lines: Iterable[Line], tombstones: Tombstones) -> Iterator[Line]:
        """Yield the lines, redacted where necessary; count those to delete instead."""
        for data, key, number in lines:
            left = tombstones.applied(data)
            if left is None:
                self.read += 1
                self.erased += 1
            else:
                yield left, key, number

    def rows(self, lines: Iterable[Line]) -> Iterator[str]:
        """Yield the canonical text of each event id's first line."""
        reader, day, digests = self.reader, self.day, self.digests
        taken_back = self.taken_back
        read = known = quantity = 0  # local variables for speed: a row takes a few microseconds
        amount = self.amount
        for data, key, number in lines:
            read += 1
            try:
                event_id, text, pieces, money = reader(data, day)
            except (UnreadableError, EventError) as error:
                self.rejected.append(_quarantine(data, f"{key} line {number}", error))
                continue
            if event_id in taken_back:
                self.retracted += 1
                continue
            row_digest = digest_of_text(text)
            first_digest = digests.setdefault(event_id, row_digest)
            if len(digests) > known:
                known += 1
                quantity += pieces
                amount += money
                yield text
            elif first_digest == row_digest:
                self.redelivered += 1
            else:
                self.conflicts.append(rows.event_of(data, day))
        self.read += read
        self.quantity, self.amount = quantity, amount

    def totals(self) -> Totals:
        return Totals(
            rows=len(self.digests),
            quantity=self.quantity,
            amount=self.amount,
            digest=sum(self.digests.values()),
        )


def csv_line(text: str) -> str:
    """Return a canonical text as a line of CSV; values contain no control characters."""
    if '"' not in text and "," not in text:
        return f"{text.replace(SEPARATOR, ',')}\n"
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(text.split(SEPARATOR))
    return line.getvalue()


def _quarantine(data: bytes, location: str, error: UnreadableError | EventError) -> Rejected:
    """Return the record for quarantine, with its time of arrival if that is readable."""
    try:
        arrived = envelope.decode(data).received_at
    except UnreadableError:
        arrived = datetime(1970, 1, 1, tzinfo=UTC)  # unknown: constant, so rebuilds are identical
    known = isinstance(error, EventError)
    return envelope.rejected(
        data,
        record=location,
        reason="invalid" if known else "unreadable",
        received_at=arrived,
        error=error if known else EventError("", "a record of the archive function", str(error)),
    )
