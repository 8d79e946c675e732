"""The eight columns in a file's header: found by their names, or by the names that a user gives."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ecom_pipeline.domain.columns import DATA_SET_KEYS

_NOISE = re.compile(r"[^a-z0-9]+")
# names of Online Retail II and of this project's own files, beside the data set's
_OTHER_NAMES = {
    "invoice": "InvoiceNo",
    "invoicenumber": "InvoiceNo",
    "invoicetime": "InvoiceDate",
    "price": "UnitPrice",
    "customerid": "CustomerID",
}
_OWN_NAMES = {key.lower(): key for key in DATA_SET_KEYS}
_SHOWN, _MOST = 60, 9


@dataclass(frozen=True, slots=True)
class Header:
    """Where the eight columns are: `positions` in the order of DATA_SET_KEYS, -1 if missing.

    `given` has the names that a user gave to keys.
    """

    names: tuple[str, ...]
    positions: tuple[int, ...]
    repeated: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def found(self) -> int:
        return sum(position >= 0 for position in self.positions)

    @property
    def complete(self) -> bool:
        return self.found == len(DATA_SET_KEYS) and not self.repeated

    @property
    def left_out(self) -> list[str]:
        """The names of all other columns."""
        used = set(self.positions)
        return [shown(name) for at, name in enumerate(self.names) if at not in used]

    @property
    def renamed(self) -> list[str]:
        """The columns with other names than the data set's, each as `name for key`."""
        pairs = zip(DATA_SET_KEYS, self.positions, strict=True)
        return [f"{self.names[at]} for {key}" for key, at in pairs if self.names[at].strip() != key]

    def fault(self) -> str:
        """Return what is wrong with an incomplete header, and what to do."""
        missing = [k for k, at in zip(DATA_SET_KEYS, self.positions, strict=True) if at < 0]
        faults = {
            "lacks": [f"{self.given[k]!r} for {k}" if k in self.given else k for k in missing],
            "has the unknown": [repr(name) for name in self.left_out] if missing else [],
            "repeats": list(self.repeated),
        }
        said = [
            f"{verb} {', '.join(names[:_MOST])}{', ...' if len(names) > _MOST else ''}"
            for verb, names in faults.items()
            if names
        ]
        return (
            f"is not the data set, its header {' and '.join(said)}: expected"
            f" {','.join(DATA_SET_KEYS)}, or say which is which with --map InvoiceNo=...,..."
        )


def find(names: Iterable[object], given: Mapping[str, str]) -> Header:
    """Return where the eight columns are among a header's names.

    Blanks around a name, capitals, and what separates words don't matter. A key of the data set
    goes before another name for the same column, and `given` names go before both.
    """
    texts = tuple(str(name) for name in names)
    best: dict[str, list[tuple[int, int]]] = {}
    for at, name in enumerate(texts):
        for rank, key in _keys_of(name, given):
            best.setdefault(key, []).append((rank, at))
    positions = tuple(min(best.get(key, [(0, -1)]))[1] for key in DATA_SET_KEYS)
    repeated = tuple(key for key, found in best.items() if _is_repeated(found))
    return Header(texts, positions, repeated, given)


def shown(name: str) -> str:
    """Return a column's name as people can see it."""
    return name[:_SHOWN] if name.strip() else "a column without a name"


def plain(name: str) -> str:
    """Return what counts of a column's name."""
    return _NOISE.sub("", name.lower()) or name


def _keys_of(name: str, given: Mapping[str, str]) -> list[tuple[int, str]]:
    """Return the keys that a name may be, each with a rank: the lowest goes first."""
    bare = plain(name)
    mapped = [(0, key) for key, other in given.items() if plain(other) == bare]
    if mapped:
        return mapped
    key = _OWN_NAMES.get(bare) or _OTHER_NAMES.get(bare)
    if key is None or key in given:
        return []
    return [(1 if name.strip() == key else 2 if bare in _OWN_NAMES else 3, key)]


def _is_repeated(found: Sequence[tuple[int, int]]) -> bool:
    ranks = sorted(rank for rank, _ in found)
    return len(ranks) > 1 and ranks[0] == ranks[1]
