"""The identity of a sale: an id made of its eight values, and numbers that tell equal rows apart.

docs/semantics.md says what follows from it.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha1
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.replay.table import Table

NAMESPACE = UUID("8a2c5a5e-6f0e-4b57-9a0c-3d3f0f5c7f11")  # event ids derive from it: never change

LEFT_OUT = 0  # the occurrence of a row that is not sent

Occurrences = NDArray[np.uint32]
Hashes = NDArray[np.uint64]

_PREFIX = NAMESPACE.bytes
_SEPARATOR = "\x1f"
_ODD, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)


def event_id(values: Iterable[str], occurrence: int) -> str:
    """Return the id of a row: UUIDv5 of its values in their wire form, and of its occurrence.

    `occurrence` is 1 for the first row with these values, 2 for the next row equal to it.
    """
    return uuid5(f"{_SEPARATOR.join(values)}{_SEPARATOR}{occurrence}")


def uuid5(name: str) -> str:
    """Return str(uuid.uuid5(NAMESPACE, name)), in 0.9 us instead of 3.1: half of reading a row."""
    digits = sha1(_PREFIX + name.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def occurrences(
    table: Table,
    equal: Sequence[NDArray[np.int32]],
    hashes: Hashes,
    left_out: NDArray[np.bool_],
) -> Occurrences:
    """Return each row's number among the rows equal to it, from 1 in the table's order.

    `equal` has a number for each code of each column: texts with one value have one; `hashes` are
    made of it. Rows of a sheet that repeat those of an earlier sheet are LEFT_OUT: sheets may
    overlap, so the number of equal rows is the most that a sheet has, not the sum. Memory is 12
    bytes a row; only the rows whose 64-bit hash is not unique are compared by their values.
    """
    found = np.where(left_out, LEFT_OUT, 1).astype(np.uint32)
    ordered = np.sort(hashes)
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not repeated.size:
        return found
    counted: dict[tuple[int, ...], list[int]] = {}
    for part in table:
        rows = slice(part.first, part.first + len(part.lines))
        again = np.flatnonzero(np.isin(hashes[rows], repeated) & ~left_out[rows])
        values = zip(
            *(same[codes[again]].tolist() for same, codes in zip(equal, part.codes, strict=True)),
            strict=True,
        )
        for row, key in zip(again.tolist(), values, strict=True):
            found[part.first + row] = _next(counted, key, part.sheet)
    return found


def _next(counted: dict[tuple[int, ...], list[int]], key: tuple[int, ...], sheet: int) -> int:
    """Count a row; return its occurrence, or LEFT_OUT if an earlier sheet has as many."""
    state = counted.setdefault(key, [sheet, 0, 0])  # the sheet, rows in it, most before it
    if state[0] != sheet:
        state[:] = sheet, 0, max(state[1], state[2])
    state[1] += 1
    return state[1] if state[1] > state[2] else LEFT_OUT


def hashes(table: Table, equal: Sequence[NDArray[np.int32]]) -> Hashes:
    """Return a 64-bit hash of each row's values; `equal` is as in occurrences."""
    found = np.zeros(table.rows, np.uint64)
    for part in table:
        mixed = found[part.first : part.first + len(part.lines)]
        for same, codes in zip(equal, part.codes, strict=True):
            mixed ^= same[codes].astype(np.uint64)
            mixed *= _ODD
            mixed ^= mixed >> _SHIFT
    return found
