"""What a set of events adds up to, per day: the figures that every store must show later.

The sums are the domain's; here they are only kept by day.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.event import EventError, InvoiceLine, parse
from ecom_pipeline.domain.tombstone import Tombstones
from ecom_pipeline.domain.totals import Totals, totals_of
from ecom_pipeline.replay import dataset
from ecom_pipeline.replay.dataset import NoRowsError

_ANY_DAY = date.max - timedelta(days=1)  # whether a date is too late is the API's to say


class Account:
    """Totals per invoice date, and how many events the domain's rules refuse."""

    def __init__(self) -> None:
        self.days: dict[date, Totals] = {}
        self.refused = 0

    def add(self, event: Mapping[str, object]) -> None:
        """Add an event, as it is sent, to its day."""
        try:
            line = _line(event)
        except EventError:
            self.refused += 1
            return
        day = line.invoice_date
        self.days[day] = self.days.get(day, Totals()) + totals_of(line)


def account_of(events: Iterable[tuple[int, Mapping[str, object]]]) -> Account:
    """Add up numbered events, such as `events(path)` yields."""
    account = Account()
    for _, event in events:
        account.add(event)
    return account


def lines(path: Path, tombstones: Tombstones, first: date, last: date) -> Iterator[InvoiceLine]:
    """Yield what is accepted of a replay of these days of a data set, if there is anything."""
    sent = dataset.events(path, days=DayRange(first, last), tombstones=tombstones)
    with suppress(NoRowsError):
        for _, event in sent:
            with suppress(EventError):
                yield _line(event)


def _line(event: Mapping[str, object]) -> InvoiceLine:
    return parse(event, received=_ANY_DAY)
