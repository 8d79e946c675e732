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
from ecom_pipeline.replay.wrapping import Columns

NAMES = {POINT: "point", COMMA: "comma"}

_MARKS = {name: mark for mark, name in NAMES.items()}
_PRICE, _QUANTITY = map(DATA_SET_KEYS.index, ("UnitPrice", "Quantity"))


@dataclass(slots=True)
class _Evidence:
    """The places of the first numbers that have one reading only, and of one that has two."""

    point: str = ""
    comma: str = ""
    either: str = ""


def decide(path: Path, table: Table, texts: Columns, choices: Choices) -> str:
    """Return the mark before decimals in prices and quantities; `texts` has each column's.

    Raises:
        DatasetError: the numbers have both marks, or none that is certain.
    """
    if choices.decimal is not None:
        return _MARKS[choices.decimal]
    found = _evidence(table, texts)
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
    mark = COMMA if found.comma else POINT
    _require_pieces(path, table, texts, mark)
    return mark


def currency(path: Path, table: Table, choices: Choices) -> str:
    """Return the currency sign of the prices, or ''.

    Raises:
        DatasetError: they have several, or another one than the shop's.
    """
    shop = choices.currency
    signs: dict[str, int] = {}
    for code, text in enumerate(table.texts[_PRICE]):
        signs.setdefault(numbers.currency(text), code)
    signs.pop("", None)
    if len(signs) > 1:
        first, second, *_ = (table.where(_PRICE, code) for code in signs.values())
        raise DatasetError(f"{path}, {first}, but {second}: send one currency")
    for sign, code in signs.items():
        if sign not in shop.symbol:
            raise DatasetError(
                f"{path}, {table.where(_PRICE, code)}, but the shop's currency is {shop}: set"
                f" ECOM_CURRENCY to the currency of the file, or send prices in {shop}"
            )
    return next(iter(signs), "")


def _require_pieces(path: Path, table: Table, texts: Columns, mark: str) -> None:
    """Check that quantities such as 6.000 are no pieces with three decimals.

    They may be if all quantities are of that form.
    """
    other = POINT if mark == COMMA else COMMA
    told = ""
    for code, text in enumerate(texts[_QUANTITY]):
        pieces, decimals = numbers.read(text, mark), numbers.read(text, other)
        if pieces is None and decimals is None:
            continue
        if pieces is None or decimals is None or pieces == decimals or decimals % 1:
            return
        told = told or (
            f"{table.where(_QUANTITY, code)}, which is {numbers.spelled(pieces)} with a decimal"
            f" {NAMES[mark]} as in prices, or {numbers.spelled(decimals)}: send quantities without"
            f" decimals, or choose the first with --decimal {NAMES[mark]}"
        )
    if told:
        raise DatasetError(f"{path}, {told}")


def _evidence(table: Table, texts: Columns) -> _Evidence:
    found = _Evidence()
    for column, code, text in _numbers(texts):
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


def _numbers(texts: Columns) -> Iterator[tuple[int, int, str]]:
    for column in (_PRICE, _QUANTITY):
        for code, text in enumerate(texts[column]):
            yield column, code, text
