"""A file's rows as the comparison takes them, and the compact index of those that will be sent."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, KeysView, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from ecom_pipeline.domain.columns import CSV_HEADER, column
from ecom_pipeline.domain.event import EVENT_ID, InvoiceLine

if TYPE_CHECKING:
    from datetime import date

_KEY_BYTES = 16
_NUMBER = CSV_HEADER.index("invoice_no")
SENT = [n for n, name in enumerate(CSV_HEADER) if column(name).wire and name != "event_id"]
"""The places of a producer's values in a canonical row, without the event id's."""

Numbered = tuple[int, InvoiceLine | None, str]
"""A row's number, its line (None: no valid event) and its event id."""


class FileRow(NamedTuple):
    """A valid row of a file."""

    number: int
    line: InvoiceLine
    event_id: str

    @property
    def content(self) -> tuple[str, ...]:
        """The row's canonical texts without its event id: equal for equal sales."""
        return self.line.row()[1:]

    @property
    def sale(self) -> tuple[str, ...]:
        """The row's texts without its invoice number."""
        return sale_of(self.line.row())


def sale_of(row: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a producer sent of a canonical row, without event id and invoice number."""
    return tuple([row[n] for n in SENT if n != _NUMBER])


class Selection:
    """The event ids of the rows to send, by invoice: 16 bytes a row, whatever the ids' form.

    `invalid` are the ids of rows that are no valid event; an operator may have corrected and stored
    the event of such an id from quarantine. `by_day` has the invoices of each day.
    """

    def __init__(self, rows: Iterable[Numbered] = ()) -> None:
        self.invalid: set[str] = set()
        self.by_day: defaultdict[date, set[str]] = defaultdict(set)
        self._keys: dict[str, bytearray] = {}
        for row in rows:
            self.add(*row)

    def add(self, _number: int, line: InvoiceLine | None, event_id: str) -> None:
        """Add a row; a caller that reads the file anyway can build the index as it goes."""
        if line is None:
            self.invalid.add(event_id)
        else:
            self._keys.setdefault(line.invoice_no, bytearray()).extend(key_of(event_id))
            self.by_day[line.invoice_date].add(line.invoice_no)

    @property
    def invoices(self) -> KeysView[str]:
        return self._keys.keys()

    def rows(self, invoice_no: str) -> int:
        """Return the number of an invoice's rows."""
        return len(self._keys.get(invoice_no, b"")) // _KEY_BYTES

    def has(self, invoice_no: str, event_id: str) -> bool:
        return key_of(event_id) in self._each(invoice_no)

    def exceeds(self, invoice_no: str, stored: Collection[str]) -> bool:
        """Return whether an invoice has a row whose event id is not among the stored ones."""
        return not self._each(invoice_no) <= {key_of(event_id) for event_id in stored}

    def _each(self, invoice_no: str) -> set[bytes]:
        packed = bytes(self._keys.get(invoice_no, b""))
        return {packed[n : n + _KEY_BYTES] for n in range(0, len(packed), _KEY_BYTES)}


class Without:
    """A replay's events (sender.Source) except those with the given ids."""

    def __init__(self, events: Any, unsent: Collection[str]) -> None:
        self._events, self._unsent = events, unsent

    @property
    def name(self) -> str:
        """The identity of what is sent: other events left out make it another replay."""
        unsent = b"".join(sorted(map(key_of, self._unsent)))
        return f"{self._events.name} without={key_of(unsent.hex()).hex()}"

    @property
    def undated(self) -> int:
        return self._events.undated

    def __iter__(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        return (each for each in self._events if each[1][EVENT_ID] not in self._unsent)

    def count(self) -> int:
        return sum(1 for _ in self)


def key_of(event_id: str) -> bytes:
    """Return the 16 bytes that stand for an event id, or for another text."""
    return blake2b(event_id.encode(), digest_size=_KEY_BYTES).digest()
