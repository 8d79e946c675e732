"""The rows that the API would reject, by reason, with the first places of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.event import EventError
from ecom_pipeline.replay import values
from ecom_pipeline.replay.table import Part, Table
from ecom_pipeline.replay.values import Values

_SHOWN = 5
_PRICE = DATA_SET_KEYS.index("UnitPrice")


class Example(NamedTuple):
    """A bad row: its place, and what it has where something else is expected."""

    place: str
    got: str


@dataclass(slots=True)
class BadRows:
    """Which rows are bad, and why: the number of rows for each reason, and the first of them."""

    rows: NDArray[np.bool_]
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    examples: dict[str, list[Example]] = field(default_factory=dict[str, list[Example]])

    @property
    def count(self) -> int:
        return sum(self.reasons.values())

    def __str__(self) -> str:
        """Return the most frequent reason, with places."""
        reason = max(self.reasons, key=self.reasons.__getitem__)
        found = self.examples[reason]
        places = ", ".join(example.place for example in found)
        more = ", ..." if self.reasons[reason] > len(found) else ""
        rest = self.count - self.reasons[reason]
        others = f", and {rest:,} for other reasons" if rest else ""
        return f"{places}{more}: {reason}, got {found[0].got}{others}"

    def add(self, row: int, place: str, fault: EventError) -> None:
        """Note a row, which counts for its first fault."""
        self.rows[row] = True
        reason = f"{fault.field}: expected {fault.expected}"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < _SHOWN:
            examples.append(Example(place, fault.got))


def find(table: Table, columns: Sequence[Values], left_out: NDArray[np.bool_]) -> BadRows:
    """Return the rows that are no events: a value is none, or values contradict each other."""
    bad = BadRows(np.zeros(table.rows, bool))
    faulty = [_mask(column) for column in columns]
    negative = np.array([value.startswith("-") for value in columns[_PRICE].values], bool)
    for part in table:
        sent = ~left_out[part.first : part.first + len(part.lines)]
        wrong = [mask[codes] & sent for mask, codes in zip(faulty, part.codes, strict=True)]
        any_wrong = np.logical_or.reduce(wrong)
        for at in np.flatnonzero(any_wrong).tolist():
            column = next(n for n, rows in enumerate(wrong) if rows[at])
            fault = columns[column].faults[int(part.codes[column][at])]
            bad.add(part.first + at, table.place(int(part.lines[at])), fault)
        for at in np.flatnonzero(negative[part.codes[_PRICE]] & sent & ~any_wrong).tolist():
            fault = values.row_fault(_row(columns, part, at))
            if fault is not None:
                bad.add(part.first + at, table.place(int(part.lines[at])), fault)
    return bad


def _mask(column: Values) -> NDArray[np.bool_]:
    mask = np.zeros(len(column.values), bool)
    mask[list(column.faults)] = True
    return mask


def _row(columns: Sequence[Values], part: Part, at: int) -> list[str]:
    return [column.values[codes[at]] for column, codes in zip(columns, part.codes, strict=True)]
