"""Expected totals of a set of events by day, to compare the stores with.

Totals are defined in domain/totals.py; here they are only grouped by day.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.event import EVENT_ID, EventError, InvoiceLine, parse
from ecom_pipeline.domain.tombstone import Tombstones
from ecom_pipeline.domain.totals import Totals, totals_of
from ecom_pipeline.replay.dataset import Events
from ecom_pipeline.replay.errors import NoRowsError
from ecom_pipeline.replay.understanding import Understanding

_ANY_DAY = date.max - timedelta(days=1)  # only the API checks whether a date is too late


class Account:
    """Totals by invoice date, and the number of invalid events."""

    def __init__(self) -> None:
        self.days: dict[date, Totals] = {}
        self.refused = 0

    def add(self, event: Mapping[str, object]) -> None:
        """Add an event, in its wire format, to the totals of its day."""
        try:
            line = _line(event)
        except EventError:
            self.refused += 1
            return
        day = line.invoice_date
        self.days[day] = self.days.get(day, Totals()) + totals_of(line)


def account_of(events: Iterable[tuple[int, Mapping[str, object]]]) -> Account:
    """Return the account of numbered events, such as those of dataset.events."""
    account = Account()
    for _, event in events:
        account.add(event)
    return account


def numbered(
    events: Iterable[tuple[int, Mapping[str, object]]],
) -> Iterator[tuple[int, InvoiceLine | None, str]]:
    """Yield each event's line in its file, its invoice line (None: it is invalid) and its id."""
    for number, event in events:
        try:
            line = _line(event)
        except EventError:
            line = None
        yield number, line, str(event[EVENT_ID])


def lines(
    file: Understanding, tombstones: Tombstones, first: date, last: date
) -> Iterator[InvoiceLine]:
    """Yield the valid events of these days of a file, with tombstones applied."""
    sent = Events(file, days=DayRange(first, last), tombstones=tombstones)
    with suppress(NoRowsError):
        for _, line, _ in numbered(sent):
            if line is not None:
                yield line


def _line(event: Mapping[str, object]) -> InvoiceLine:
    return parse(event, received=_ANY_DAY)
