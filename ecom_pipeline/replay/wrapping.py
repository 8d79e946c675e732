"""What stands around all texts of a column and is no part of them: blanks, Excel's `="..."`, `.0`.

A blank around some of a column's texts may be the shop's own, and stays.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ecom_pipeline.domain.columns import DATA_SET_KEYS

Columns = Sequence[Sequence[str]]

_CODE, _DESCRIPTION, _COUNTRY = map(
    DATA_SET_KEYS.index, ("StockCode", "Description", "Country")
)  # the columns whose texts stay as they are
_MANY = 20  # different texts, which don't look alike by chance
_PROTECTED = re.compile(r'="(.*)"', re.DOTALL)
_WHOLE = re.compile(r"(\d+)(\.0+)?", re.ASCII)


class Unwrapped(NamedTuple):
    """The columns' different texts by code, and what to tell of what was taken off them."""

    texts: Columns
    notes: list[str]


class _Blanks(NamedTuple):
    """Whether all texts of a column begin or end with a blank, or are filled up to one width."""

    begin: bool
    end: bool
    padded: bool
    many: bool


def unwrap(columns: Columns) -> Unwrapped:
    """Take off what all texts of a column have around them, and `="..."` of any text."""
    plain = [[_unprotected(text) for text in texts] for texts in columns]
    trimmed = _trimmed(plain)
    whole = list(trimmed)
    whole[_CODE] = _without_decimals(trimmed[_CODE])
    said = {
        'taken off: =" and " around ': _changed(columns, plain),
        "left out: blanks around ": _changed(plain, trimmed),
        "left out: the .0 of ": _changed(trimmed, whole),
    }
    return Unwrapped(whole, [f"{what}{names}" for what, names in said.items() if names])


def _unprotected(text: str) -> str:
    """Return what Excel shows of a formula that keeps a text from being taken for a number."""
    found = _PROTECTED.fullmatch(text)
    return found[1].replace('""', '"') if found else text


def _trimmed(columns: Columns) -> list[Sequence[str]]:
    """Return the columns without the blanks of separators, tables, and columns of one width."""
    found = {at: _blanks(columns[at]) for at in (_CODE, _DESCRIPTION, _COUNTRY)}
    # a few descriptions may begin or end alike by chance, codes and countries don't
    telling = [each for at, each in found.items() if at != _DESCRIPTION or each.many]
    begin = any(each.begin for each in telling)
    table = begin and sum(each.end for each in found.values()) > 1
    end = table or any(each.padded for each in telling)
    trimmed = list(columns)
    for at, each in found.items():
        if begin and each.begin:
            trimmed[at] = [text.lstrip(" ") for text in trimmed[at]]
        if end and (each.end or each.padded):
            trimmed[at] = [text.rstrip(" ") for text in trimmed[at]]
    return trimmed


def _blanks(texts: Sequence[str]) -> _Blanks:
    some = [text for text in texts if text]
    many = len(some) >= _MANY
    end = bool(some) and all(text.endswith(" ") for text in some)
    one_width = len({len(text) for text in some}) == 1
    filled_up = one_width and len({len(text.rstrip(" ")) for text in some}) > 1
    return _Blanks(
        begin=bool(some) and all(text.startswith(" ") for text in some),
        end=end,
        padded=filled_up and (end or many),
        many=many,
    )


def _without_decimals(codes: Sequence[str]) -> Sequence[str]:
    """Return codes without `.0` if all that are numbers have it: they were floats in between."""
    numbers = [found for found in map(_WHOLE.fullmatch, codes) if found]
    if not all(found[2] for found in numbers):
        return codes
    return [found[1] if (found := _WHOLE.fullmatch(code)) else code for code in codes]


def _changed(before: Columns, after: Columns) -> str:
    """Return the keys of the columns that differ, for people."""
    columns = zip(DATA_SET_KEYS, before, after, strict=True)
    return ", ".join(key for key, old, new in columns if list(old) != list(new))
