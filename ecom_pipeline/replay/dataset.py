"""The data set as events in the wire format: selection, order and ids of rows.

No row is dropped or corrected here: an invalid number is sent as text, so that the API rejects it.
Reading of the file is in csv_file.py.
"""

import random
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha1
from pathlib import Path
from uuid import UUID

import msgspec

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.event import EVENT_ID
from ecom_pipeline.domain.tombstone import CUSTOMER, NONE, Tombstones, customer_in
from ecom_pipeline.replay.csv_file import CsvFile, DatasetError, Row, inspect, rows_of

NAMESPACE = UUID("8a2c5a5e-6f0e-4b57-9a0c-3d3f0f5c7f11")  # event ids derive from it: never change

Event = dict[str, str | int | Decimal | None]

_WHOLE = re.compile(r"-?\d{1,20}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,20}\.\d{1,20}", re.ASCII)  # the same limits as in domain/event.py
_UUID5 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_DATE = DATA_SET_KEYS.index("InvoiceDate")
_NUMBERS = ("Quantity", "UnitPrice")
_NULLABLE = ("Description", "CustomerID")


class NoRowsError(DatasetError):
    """The file has no rows, or none of the selected days."""


class Events:
    """Selected rows of a file as `(row number, event)`; each iteration reads the file again.

    In file order memory is constant; a shuffled iteration keeps every selected row in memory (about
    0.15 kB each, 80 MB for the whole data set).
    """

    def __init__(
        self,
        file: CsvFile,
        *,
        days: DayRange | None,
        limit: int | None,
        seed: int | None,
        tombstones: Tombstones = NONE,
    ) -> None:
        self.file = file
        self.undated = 0
        self._days, self._limit, self._seed = days, limit, seed
        self._tombstones = tombstones

    @property
    def name(self) -> str:
        """The identity of the events and their order: the data set's SHA-256 and the selection."""
        days = "all" if self._days is None else ":".join(day.isoformat() for day in self._days)
        erased = f" erased={self._tombstones.fingerprint}" if self._tombstones else ""
        return f"{self.file.sha256} days={days} limit={self._limit} seed={self._seed}{erased}"

    def __iter__(self) -> Iterator[tuple[int, Event]]:
        rows = self._rows()
        if self._seed is not None:
            rows = _shuffled(rows, self._seed)
        events = ((number, _event(self.file.sha256, number, row)) for number, row in rows)
        yield from _unerased(events, self._tombstones) if self._tombstones else events

    def shuffled(self, seed: int) -> "Events":
        """Return the same events in an order that depends only on the events and the seed."""
        return Events(
            self.file,
            days=self._days,
            limit=self._limit,
            seed=seed,
            tombstones=self._tombstones,
        )

    def in_file_order(self) -> "Events":
        """Return the same events, not shuffled: in constant memory."""
        return self._with(days=self._days, limit=self._limit)

    def whole(self) -> "Events":
        """Return the events of all rows of the file, in its order."""
        return self._with(days=None, limit=None)

    def _with(self, *, days: DayRange | None, limit: int | None) -> "Events":
        return Events(self.file, days=days, limit=limit, seed=None, tombstones=self._tombstones)

    def count(self) -> int:
        """Read the whole file and return the number of selected rows."""
        return sum(1 for _ in self._rows())

    def _rows(self) -> Iterator[tuple[int, Row]]:
        """Yield the selected rows; with a selection of days, count unreadable dates in `undated`.

        Raises:
            NoRowsError: no row is selected.
        """
        self.undated = found = 0
        for number, row in enumerate(rows_of(self.file), 1):
            if found == self._limit:
                return
            if self._wants(row):
                found += 1
                yield number, row
        if not found:
            raise NoRowsError(self._nothing())

    def _wants(self, row: Row) -> bool:
        if self._days is None:
            return True
        day = _day(row[_DATE].partition(" ")[0])
        if day is None:
            self.undated += 1
            return False
        return self._days[0] <= day <= self._days[1]

    def _nothing(self) -> str:
        if self._days is None:
            return f"{self.file.path} has a header but no rows: get the data set again"
        first, last = self._days
        undated = f" ({self.undated} rows have no readable date)" if self.undated else ""
        return f"{self.file.path} has no rows from {first} to {last}{undated}: choose other days"


def is_own_id(event_id: str) -> bool:
    """Return whether an event id has the form of a replay's: other producers rarely use UUIDv5."""
    return _UUID5.fullmatch(event_id) is not None


def events(
    path: Path,
    *,
    days: DayRange | None = None,
    limit: int | None = None,
    seed: int | None = None,
    tombstones: Tombstones = NONE,
) -> Events:
    """Return the file's rows as events: of these days (both included), at most `limit`.

    With a `seed` they are shuffled. Erased customers' events are anonymised or, in mode "delete",
    left out.

    An event's id is derived from the SHA-256 of the uncompressed file and the row number, so equal
    rows have different ids, independent of selection and order.

    Raises:
        DatasetError: the file is not the data set.
    """
    return Events(inspect(path), days=days, limit=limit, seed=seed, tombstones=tombstones)


def _unerased(
    events: Iterable[tuple[int, Event]], tombstones: Tombstones
) -> Iterator[tuple[int, Event]]:
    for number, event in events:
        customer = customer_in(event[CUSTOMER])
        mode = tombstones.mode_of(customer) if customer else None
        if mode != "delete":
            yield number, event if mode is None else event | {CUSTOMER: None}


def _shuffled(rows: Iterator[tuple[int, Row]], seed: int) -> Iterator[tuple[int, Row]]:
    packed = [msgspec.msgpack.encode(row) for row in rows]
    random.Random(seed).shuffle(packed)  # noqa: S311 - an order, not a secret
    decoder = msgspec.msgpack.Decoder(tuple[int, Row])
    return (decoder.decode(row) for row in packed)


def _event(sha256: str, number: int, row: Row) -> Event:
    event: Event = dict(zip(DATA_SET_KEYS, row, strict=True))
    event[EVENT_ID] = _uuid5(f"{sha256}:{number}")
    for name in _NULLABLE:
        event[name] = event[name] or None
    for name in _NUMBERS:
        event[name] = _number(str(event[name]))
    return event


def _uuid5(name: str) -> str:
    """Return str(uuid5(NAMESPACE, name)), in 0.9 us instead of 3.1: half of reading a row."""
    digits = sha1(NAMESPACE.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


@lru_cache(maxsize=4096)
def _number(text: str) -> int | Decimal | str:
    if _WHOLE.fullmatch(text):
        return int(text)
    return Decimal(text) if _NUMBER.fullmatch(text) else text


@lru_cache(maxsize=4096)
def _day(text: str) -> date | None:
    """Return the day of a date; the time is not checked, so that the API rejects invalid ones."""
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - the shop's own day
    except ValueError:
        return None
