"""Values of typed cells (workbook, parquet, JSON) as texts that have one reading only."""

import math
from datetime import datetime
from decimal import Decimal

_AMBIGUOUS_DECIMALS = 3  # 1.234 may be 1234 where a comma is the decimal mark


def text_of(value: object) -> str:
    """Return a cell's value as text; a missing one, and NaN, as ''.

    A whole number has no decimals: a workbook has all numbers as floats, also codes. A float has
    the shortest text of its value.
    """
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, float | int | Decimal) and not isinstance(value, bool):
        return _number(value)
    return str(value)


def _number(value: float | Decimal) -> str:
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        return str(int(value))
    text = f"{Decimal(str(value)):f}"
    return f"{text}0" if len(text.partition(".")[2]) == _AMBIGUOUS_DECIMALS else text
