"""What a file means, decided on the whole of it before a row is sent: values, ids, and bad rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay import (
    bad_rows,
    date_form,
    dates,
    decimal_mark,
    identity,
    leftovers,
    repeated_runs,
    values,
    wrapping,
)
from ecom_pipeline.replay.bad_rows import BadRows
from ecom_pipeline.replay.choices import AS_IT_IS, Choices
from ecom_pipeline.replay.date_form import DateForm
from ecom_pipeline.replay.dates import Written
from ecom_pipeline.replay.errors import DatasetError, NoRowsError
from ecom_pipeline.replay.identity import LEFT_OUT, Occurrences
from ecom_pipeline.replay.source import Source
from ecom_pipeline.replay.table import Table
from ecom_pipeline.replay.values import Values

_DATE, _CUSTOMER, _DESCRIPTION = map(
    DATA_SET_KEYS.index, ("InvoiceDate", "CustomerID", "Description")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """A file whose form is decided; `columns` are in the order of DATA_SET_KEYS.

    `moments` and `days` have each date's minute, and its day as an ordinal or 0, by code. `notes`
    are on what is left out, and `seconds` tells that seconds of times are.
    """

    source: Source
    choices: Choices
    dates: DateForm
    mark: str
    currency: str
    columns: Sequence[Values]
    moments: Sequence[datetime | None]
    days: NDArray[np.int64]
    occurrences: Occurrences
    bad: BadRows
    notes: Sequence[str]
    seconds: bool

    @property
    def path(self) -> Path:
        return self.source.path

    @property
    def table(self) -> Table:
        return self.source.table

    @property
    def rows(self) -> int:
        """The number of rows to send, bad ones included."""
        return int(np.count_nonzero(self.occurrences != LEFT_OUT))

    def require_sendable(self, *, allow_rejects: bool) -> None:
        """Check that the rows are events.

        Raises:
            DatasetError: none is, or some are not and `allow_rejects` is not set.
        """
        if self.bad.count == self.rows:
            raise DatasetError(
                f"{self.path}: none of its {self.rows:,} rows is an event; {self.bad}: nothing was"
                " sent"
            )
        if self.bad.count and not allow_rejects:
            raise DatasetError(
                f"{self.path}: {self.bad.count:,} of {self.rows:,} rows are no events; {self.bad}:"
                " nothing was sent; mend them, or send them to quarantine with --allow-rejects"
            )


def understand(
    path: Path,
    choices: Choices = AS_IT_IS,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Understanding:
    """Read a file once and decide what it means; `on_rows` gets the number of rows just read.

    Raises:
        DatasetError: it can't be read, or may mean several things; the message has a remedy.
    """
    source = Source(path, choices, on_rows)
    table = source.table
    if not table.rows:
        raise NoRowsError(f"{path} has a header but no rows: get the data set again")
    texts, taken_off = wrapping.unwrap(table.texts)
    written = [dates.read(text) for text in texts[_DATE]]
    form = date_form.decide(path, table, written, choices)
    mark = decimal_mark.decide(path, table, texts, choices)
    currency = decimal_mark.currency(path, table, choices)
    moments = [form.moment(each) for each in written]
    columns = _columns(texts, moments, form, mark)
    left = leftovers.find(table, source.reader.header)
    hashes = identity.hashes(table, equal := [_equal(each) for each in columns])
    again = repeated_runs.find(table, hashes, left.rows)
    left_out = left.rows | again.rows
    found = identity.occurrences(table, equal, hashes, left_out)
    return Understanding(
        source=source,
        choices=choices,
        dates=form,
        mark=mark,
        currency=currency,
        columns=columns,
        moments=moments,
        days=_days(written, form),
        occurrences=found,
        bad=bad_rows.find(table, columns, left_out),
        notes=[
            *source.reader.notes,
            *taken_off,
            *left.notes,
            *again.notes,
            *_repeats(found, left_out),
        ],
        seconds=any(each.seconds for each in written if each is not None),
    )


def _columns(
    texts: Sequence[Sequence[str]], moments: Sequence[datetime | None], form: DateForm, mark: str
) -> list[Values]:
    """Return the values of the eight columns."""
    minutes = dict(zip(texts[_DATE], moments, strict=True))
    missing = values.missing_descriptions(texts[_CUSTOMER], texts[_DESCRIPTION])
    number = partial(values.number, mark=mark)
    meanings: dict[str, tuple[values.Meaning, str]] = {
        "InvoiceNo": (values.invoice, "an invoice number"),
        "StockCode": (str, "a text"),
        "Description": (lambda text: "" if text in missing else text, "a text"),
        "Quantity": (number, values.expected_number(mark)),
        "InvoiceDate": (lambda text: values.minute(minutes[text]), form.expected),
        "UnitPrice": (number, values.expected_number(mark)),
        "CustomerID": (partial(values.customer, mark=mark), "digits, or nothing"),
        "Country": (str, "a text"),
    }
    return [
        values.decide(key, column, *meanings[key])
        for key, column in zip(DATA_SET_KEYS, texts, strict=True)
    ]


def _days(written: Sequence[Written | None], form: DateForm) -> NDArray[np.int64]:
    days = (form.day(each) for each in written)
    return np.array([0 if day is None else day.toordinal() for day in days], np.int64)


def _repeats(found: Occurrences, left_out: NDArray[np.bool_]) -> list[str]:
    """Return what to tell of a sheet's rows that an earlier sheet has."""
    count = int(np.count_nonzero((found == LEFT_OUT) & ~left_out))
    return [f"left out: {count:,} rows that an earlier sheet has too"] if count else []


def _equal(column: Values) -> NDArray[np.int32]:
    """Return a number for each code, the same for texts of the same value."""
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(value, len(numbers)) for value in column.values]
    return np.array(found, np.int32)
