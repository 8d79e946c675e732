"""The decimal mark of a file's numbers, decided by all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay import numbers
from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.numbers import COMMA, POINT
from ecom_pipeline.replay.table import Table

NAMES = {POINT: "point", COMMA: "comma"}

_MARKS = {name: mark for mark, name in NAMES.items()}
_COLUMNS = [DATA_SET_KEYS.index(key) for key in ("UnitPrice", "Quantity")]


@dataclass(slots=True)
class _Evidence:
    """The places of the first numbers that have one reading only, and of one that has two."""

    point: str = ""
    comma: str = ""
    either: str = ""


def decide(path: Path, table: Table, choices: Choices) -> str:
    """Return the mark before decimals in prices and quantities.

    Raises:
        DatasetError: the numbers have both marks, or none that is certain.
    """
    if choices.decimal is not None:
        return _MARKS[choices.decimal]
    found = _evidence(table)
    if found.point and found.comma:
        raise DatasetError(
            f"{path}, {found.point}, with a decimal point, but {found.comma}, with a decimal comma:"
            " export all numbers in one form, or choose with --decimal point or --decimal comma"
        )
    if found.either and not found.point and not found.comma:
        raise DatasetError(
            f"{path}, {found.either}; nothing in the file tells: choose with --decimal point or"
            " --decimal comma"
        )
    return COMMA if found.comma else POINT


def currencies(path: Path, table: Table) -> str:
    """Return the currency sign of the prices, or ''.

    Raises:
        DatasetError: they have several.
    """
    signs: dict[str, int] = {}
    for code, text in enumerate(table.texts[_COLUMNS[0]]):
        signs.setdefault(numbers.currency(text), code)
    signs.pop("", None)
    if len(signs) > 1:
        first, second, *_ = (table.where(_COLUMNS[0], code) for code in signs.values())
        raise DatasetError(f"{path}, {first}, but {second}: send one currency")
    return next(iter(signs), "")


def _evidence(table: Table) -> _Evidence:
    found = _Evidence()
    for column, code, text in _texts(table):
        point, comma = numbers.read(text, POINT), numbers.read(text, COMMA)
        if point == comma:
            continue
        if comma is None:
            found.point = found.point or table.where(column, code)
        elif point is None:
            found.comma = found.comma or table.where(column, code)
        elif not found.either:
            found.either = (
                f"{table.where(column, code)}, which is {numbers.spelled(point)} with a decimal"
                f" point, {numbers.spelled(comma)} with a decimal comma"
            )
    return found


def _texts(table: Table) -> Iterator[tuple[int, int, str]]:
    for column in _COLUMNS:
        for code, text in enumerate(table.texts[column]):
            yield column, code, text
