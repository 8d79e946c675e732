"""The values that a file's texts mean, in the wire form of an event, and the texts that mean none.

A column is decided on its different texts. The rules of an event are the domain's.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ecom_pipeline.domain import shop
from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.event import EVENT_ID, EventError, parse
from ecom_pipeline.replay import decimal_mark, numbers

MISSING_WORDS = frozenset(
    {"null", "nan", "na", "n/a", "#n/a", "none", "nil", "nat", "<na>", "\\n", "-"}
)

# valid with any valid value of one field: an adjustment may have a negative price
_VALID: dict[str, object] = {
    "InvoiceNo": "A1",
    "StockCode": "1",
    "Description": None,
    "Quantity": 1,
    "InvoiceDate": "12/1/2010 0:00",
    "UnitPrice": 1,
    "CustomerID": None,
    "Country": "1",
    EVENT_ID: "1",
}
_FLOAT_ID = re.compile(r"([A-Z]?\d+)\.0+", re.ASCII)
_DIGITS = re.compile(r"\d+", re.ASCII)

Meaning = Callable[[str], "str | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """A column's values by code, '' for a missing one; `faults` has why a text is no value.

    A text that is no value stands as it is, so that the API rejects it and its row is kept in
    quarantine. Where the API would take it for another value than the file's form gives it, a
    remark behind it prevents that.
    """

    key: str
    values: list[str]
    faults: dict[int, EventError]


def invoice(text: str) -> str:
    """Return an invoice number; as a float it has decimals that mean nothing."""
    text = text.strip()
    found = _FLOAT_ID.fullmatch(text)
    return found[1] if found else text


def customer(text: str, mark: str) -> str | None:
    """Return a customer's number, '' for a guest; leading zeros stay."""
    text = text.strip()
    if not text or text.lower() in MISSING_WORDS:
        return ""
    if _DIGITS.fullmatch(text):
        return text
    number = numbers.read(text, mark)
    if number is None or number != number.to_integral_value() or numbers.currency(text):
        return None
    return numbers.spelled(number)


def number(text: str, mark: str) -> str | None:
    """Return a number's one spelling; None if the text is none."""
    found = numbers.read(text, mark)
    return None if found is None else numbers.spelled(found)


def minute(moment: datetime | None) -> str | None:
    """Return a minute in the form of the data set, M/D/YYYY H:MM."""
    if moment is None:
        return None
    return f"{moment.month}/{moment.day}/{moment.year} {moment.hour}:{moment.minute:02}"


def decide(key: str, texts: Sequence[str], meaning: Meaning, expected: str) -> Values:
    """Return the values of a column's texts; `meaning` returns None for a text without one.

    `expected` says the form of the file's values, for people.
    """
    values: list[str] = []
    faults: dict[int, EventError] = {}
    for code, text in enumerate(texts):
        value = meaning(text)
        fault = EventError(key, expected, text) if value is None else _fault(key, value)
        if fault is not None:
            faults[code] = fault
        if value is None:
            value = text if _fault(key, text) else f"{text} (expected {expected})"
        elif fault is not None:
            value = text if _fault(key, text) else value
        values.append(value)
    return Values(key=key, values=values, faults=faults)


def missing_descriptions(customers: Sequence[str], descriptions: Sequence[str]) -> frozenset[str]:
    """Return the words that mean a missing description, as they mean a missing customer.

    That is where a file never leaves a field empty. In any other file `NA` is a text.
    """
    words = [text.strip() for text in customers]
    if "" in words or "" in descriptions:
        return frozenset()
    return frozenset(text for text in words if text.lower() in MISSING_WORDS)


def expected_number(mark: str) -> str:
    """Return what a number of the file is, for people."""
    return f"a number with a decimal {decimal_mark.NAMES[mark]}"


def row_fault(row: Sequence[str]) -> EventError | None:
    """Return what is wrong with a row of valid values: rules that concern several of them."""
    return _fault_of(_VALID | dict(zip(DATA_SET_KEYS, row, strict=True)))


def _fault(key: str, value: str) -> EventError | None:
    return _fault_of(_VALID | {key: value})


def _fault_of(event: dict[str, object]) -> EventError | None:
    try:
        parse(event, received=shop.DEFAULT.today())
    except EventError as error:
        return error
    return None
