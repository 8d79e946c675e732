"""A file's rows as the comparison takes them, and the compact index of those that will be sent."""

from collections.abc import Collection, Iterable, Iterator, KeysView, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from ecom_pipeline.domain.event import EVENT_ID, InvoiceLine

_KEY_BYTES = 16

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


class Selection:
    """The event ids of the rows to send, by invoice: 16 bytes a row, whatever the ids' form.

    `invalid` are the ids of rows that are no valid event; an operator may have corrected and stored
    the event of such an id from quarantine.
    """

    def __init__(self, rows: Iterable[Numbered] = ()) -> None:
        self.invalid: set[str] = set()
        self._keys: dict[str, bytearray] = {}
        for row in rows:
            self.add(*row)

    def add(self, _number: int, line: InvoiceLine | None, event_id: str) -> None:
        """Add a row; a caller that reads the file anyway can build the index as it goes."""
        if line is None:
            self.invalid.add(event_id)
        else:
            self._keys.setdefault(line.invoice_no, bytearray()).extend(_key(event_id))

    @property
    def invoices(self) -> KeysView[str]:
        return self._keys.keys()

    def rows(self, invoice_no: str) -> int:
        """Return the number of an invoice's rows."""
        return len(self._keys.get(invoice_no, b"")) // _KEY_BYTES

    def has(self, invoice_no: str, event_id: str) -> bool:
        return _key(event_id) in self._each(invoice_no)

    def exceeds(self, invoice_no: str, stored: Collection[str]) -> bool:
        """Return whether an invoice has a row whose event id is not among the stored ones."""
        return not self._each(invoice_no) <= {_key(event_id) for event_id in stored}

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
        unsent = b"".join(sorted(map(_key, self._unsent)))
        return f"{self._events.name} without={_key(unsent.hex()).hex()}"

    @property
    def undated(self) -> int:
        return self._events.undated

    def __iter__(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        return (each for each in self._events if each[1][EVENT_ID] not in self._unsent)

    def count(self) -> int:
        return sum(1 for _ in self)


def _key(event_id: str) -> bytes:
    return blake2b(event_id.encode(), digest_size=_KEY_BYTES).digest()
