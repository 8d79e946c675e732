"""A file's rows as events in the wire format: selection, order and ids.

What the file's texts mean is decided in understanding.py. No row is dropped or corrected here: a
text that is no value is sent as it stands, so that the API rejects it.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.event import EVENT_ID
from ecom_pipeline.domain.tombstone import CUSTOMER, NONE, Tombstones, customer_in
from ecom_pipeline.replay.choices import AS_IT_IS, Choices
from ecom_pipeline.replay.errors import NoRowsError
from ecom_pipeline.replay.identity import LEFT_OUT, Occurrences, event_id
from ecom_pipeline.replay.table import Part
from ecom_pipeline.replay.understanding import Understanding, understand
from ecom_pipeline.replay.values import Values

Event = dict[str, str | int | Decimal | None]

_WHOLE = re.compile(r"-?\d{1,20}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,20}\.\d{1,20}", re.ASCII)  # the same limits as in domain/event.py
_UUID5 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_DATE = DATA_SET_KEYS.index("InvoiceDate")
_NUMBERS = ("Quantity", "UnitPrice")
_NULLABLE = ("Description", "CustomerID")
_SHUFFLED_ROWS = 4_000


class _Selected(NamedTuple):
    """Some rows to send: the line of each, its occurrence, and the codes of its values."""

    lines: NDArray[np.int32]
    occurrences: Occurrences
    codes: NDArray[np.int32]


class Events:
    """Selected rows of a file as `(line, event)`; each iteration reads them again, from disk.

    They are the rows of `days`, both included, at most `limit`; with a `seed` they are shuffled.
    Erased customers' events are anonymised or, in mode "delete", left out. An event's id is made of
    the row's values (identity.py): it is the same in any form of the file, selection and order.

    In file order memory is constant; a shuffled iteration keeps the codes of every selected row in
    memory (22 MB for the whole data set).
    """

    def __init__(
        self,
        file: Understanding,
        *,
        days: DayRange | None = None,
        limit: int | None = None,
        seed: int | None = None,
        tombstones: Tombstones = NONE,
    ) -> None:
        self.file = file
        self.undated = 0
        self._days, self._limit, self._seed = days, limit, seed
        self._tombstones = tombstones

    @property
    def name(self) -> str:
        """The identity of the events and their order: the content's SHA-256 and the selection."""
        days = "all" if self._days is None else ":".join(day.isoformat() for day in self._days)
        erased = f" erased={self._tombstones.fingerprint}" if self._tombstones else ""
        sha256 = self.file.source.content.sha256()
        chosen = f" {self.file.choices}".rstrip()
        return f"{sha256} days={days} limit={self._limit} seed={self._seed}{chosen}{erased}"

    def __iter__(self) -> Iterator[tuple[int, Event]]:
        """Yield the events.

        Raises:
            NoRowsError: no row is selected.
        """
        parts = self._parts() if self._seed is None else _shuffled(self._parts(), self._seed)
        events = self._events(parts)
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
        """Return the number of selected rows.

        Raises:
            NoRowsError: no row is selected.
        """
        self.undated = 0
        found = sum(int(self._selected(part).sum()) for part in self.file.table)
        return self._some(found if self._limit is None else min(found, self._limit))

    def _events(self, parts: Iterable[_Selected]) -> Iterator[tuple[int, Event]]:
        texts = [np.array(column.values, object) for column in self.file.columns]
        sent = [np.array(_sent(column), object) for column in self.file.columns]
        for lines, occurrences, codes in parts:
            rows = zip(
                lines.tolist(),
                occurrences.tolist(),
                zip(*_taken(texts, codes), strict=True),
                zip(*_taken(sent, codes), strict=True),
                strict=True,
            )
            for line, occurrence, values, row in rows:
                event: Event = dict(zip(DATA_SET_KEYS, row, strict=True))
                event[EVENT_ID] = event_id(values, occurrence)
                yield line, event

    def _parts(self) -> Iterator[_Selected]:
        """Yield the selected rows in file order; count unreadable dates in `undated`."""
        self.undated = found = 0
        for part in self.file.table:
            at = np.flatnonzero(self._selected(part))
            if self._limit is not None:
                at = at[: self._limit - found]
            yield _Selected(
                part.lines[at], self.file.occurrences[part.first + at], part.codes[:, at]
            )
            found += len(at)
            if found == self._limit:
                break
        self._some(found)

    def _selected(self, part: Part) -> NDArray[np.bool_]:
        rows = slice(part.first, part.first + len(part.lines))
        selected = self.file.occurrences[rows] != LEFT_OUT
        if self._days is None:
            return selected
        days = self.file.days[part.codes[_DATE]]
        self.undated += int(((days == 0) & selected).sum())
        first, last = (day.toordinal() for day in self._days)
        return selected & (days >= first) & (days <= last)

    def _some(self, found: int) -> int:
        if found:
            return found
        if self._days is None:
            raise NoRowsError(f"{self.file.path} has a header but no rows: get the data set again")
        first, last = self._days
        undated = f" ({self.undated} rows have no readable date)" if self.undated else ""
        raise NoRowsError(
            f"{self.file.path} has no rows from {first} to {last}{undated}: choose other days"
        )


def is_own_id(event_id: str) -> bool:
    """Return whether an event id has the form of a replay's: other producers rarely use UUIDv5."""
    return _UUID5.fullmatch(event_id) is not None


def events(
    path: Path,
    *,
    choices: Choices = AS_IT_IS,
    days: DayRange | None = None,
    limit: int | None = None,
    seed: int | None = None,
) -> Events:
    """Understand a file, and return its rows as `Events` does.

    Raises:
        DatasetError: the file can't be read or understood.
    """
    return Events(understand(path, choices), days=days, limit=limit, seed=seed)


def _unerased(
    events: Iterable[tuple[int, Event]], tombstones: Tombstones
) -> Iterator[tuple[int, Event]]:
    for number, event in events:
        customer = customer_in(event[CUSTOMER])
        mode = tombstones.mode_of(customer) if customer else None
        if mode != "delete":
            yield number, event if mode is None else event | {CUSTOMER: None}


def _shuffled(parts: Iterable[_Selected], seed: int) -> Iterator[_Selected]:
    """Yield the rows of all parts in random order; memory is 40 bytes a row."""
    lines, occurrences, codes = zip(*parts, strict=True)
    whole = _Selected(np.concatenate(lines), np.concatenate(occurrences), np.hstack(codes))
    order = list(range(len(whole.lines)))
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, not a secret
    for at in range(0, len(order), _SHUFFLED_ROWS):
        some = order[at : at + _SHUFFLED_ROWS]
        yield _Selected(whole.lines[some], whole.occurrences[some], whole.codes[:, some])


def _taken(columns: Sequence[NDArray[np.object_]], codes: NDArray[np.int32]) -> list[list[Any]]:
    return [column[of].tolist() for column, of in zip(columns, codes, strict=True)]


def _sent(column: Values) -> list[str | int | Decimal | None]:
    """Return a column's values as they are sent: numbers as such, a missing value as None."""
    if column.key in _NUMBERS:
        return [_number(value) for value in column.values]
    if column.key in _NULLABLE:
        return [value or None for value in column.values]
    return list(column.values)


def _number(text: str) -> int | Decimal | str:
    if _WHOLE.fullmatch(text):
        return int(text)
    return Decimal(text) if _NUMBER.fullmatch(text) else text
