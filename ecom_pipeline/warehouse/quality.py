"""What must be true of a day's rows, as SQL; each function returns the faults it found.

A load runs them on its staging table, before the commit; the fact table's checks run them on the
published rows. A fault has the day, the number of violations and the first event or invoice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import NamedTuple

from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.warehouse import ledger
from ecom_pipeline.warehouse.ledger import listed
from ecom_pipeline.warehouse.session import Session
from ecom_pipeline.warehouse.stage import FACT, STAGE

WEEKS = 8
_FEWEST_WEEKS = 4
_FACTOR = 4


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of days: a table, and SQL for the day of one of its rows."""

    table: str
    day: str

    def of(self, days: Iterable[date]) -> str:
        """Return SQL for the rows of these days."""
        return f"{self.table} where {self.day} in {listed(days)}"


PUBLISHED = Rows(FACT, "invoice_date")
STAGED = Rows(STAGE, "trunc(invoice_time)")


@dataclass(frozen=True, slots=True)
class Fault:
    """A violated rule on a day: the number of violations, and a text with the first of them."""

    day: date
    count: int
    what: str

    def __str__(self) -> str:
        return f"{self.day}: {self.count} x {self.what}"


Faults = Mapping[str, Sequence[Fault]]  # by the rule that is broken


def repeated_ids(session: Session, days: Sequence[date], rows: Rows = PUBLISHED) -> list[Fault]:
    """Return each day that has an event id on several rows.

    An id on two days is two events, as when each day is loaded by itself.
    """
    return _faults(
        session,
        "select day, sum(copies), 'repeated ids, first ' || min(event_id)"
        f" from (select {rows.day} as day, event_id, count(*) as copies from {rows.of(days)}"
        " group by 1, 2 having count(*) > 1) t group by day",
    )


def impossible_values(
    session: Session, days: Sequence[date], rows: Rows = PUBLISHED
) -> list[Fault]:
    """Return the days with rows that the validation of domain/event.py would have rejected."""
    wrong = (
        f"quantity = 0 or amount <> quantity * unit_price or trunc(invoice_time) <> {rows.day}"
        " or (unit_price < 0 and kind <> 'adjustment')"
        " or kind <> case when left(invoice_no, 1) = 'C' and quantity < 0 then 'cancellation'"
        " when left(invoice_no, 1) in ('C', 'A') then 'adjustment'"
        " when quantity < 0 and unit_price = 0 then 'write_off' else 'sale' end"
    )
    return _faults(
        session,
        f"select {rows.day}, count(*), 'impossible values, first in event ' || min(event_id)"
        f" from {rows.of(days)} and ({wrong}) group by 1",
    )


def torn_invoices(session: Session, days: Sequence[date], rows: Rows = PUBLISHED) -> list[Fault]:
    """Return the days with invoices of several customers or countries; a header has only one.

    The data set has none in 25,900 invoices.
    """
    return _faults(
        session,
        "select day, count(*), 'invoice of two owners, first ' || min(invoice_no)"
        f" from (select {rows.day} as day, invoice_no from {rows.of(days)} group by 1, 2"
        " having min(coalesce(customer_id, '')) <> max(coalesce(customer_id, ''))"
        " or min(country) <> max(country)) t group by 1",
    )


class Rule(NamedTuple):
    """What no published row may violate: its faults, and the rule in a sentence."""

    faults: Callable[[Session, Sequence[date], Rows], list[Fault]]
    text: str


RULES = {  # by the name of the asset check that shows them
    "event_ids_are_unique": Rule(repeated_ids, "No event id is on two rows of a day."),
    "values_are_possible": Rule(
        impossible_values, "No row violates the validation rules: amounts, kinds, dates, signs."
    ),
    "every_invoice_has_one_owner": Rule(
        torn_invoices, "All lines of an invoice have the same customer and country."
    ),
}


def broken_rules(
    session: Session, days: Sequence[date], rows: Rows = PUBLISHED
) -> dict[str, list[Fault]]:
    """Return the faults of each rule that the days' rows break."""
    if not days:
        return {}
    found = {name: rule.faults(session, days, rows) for name, rule in RULES.items()}
    return {name: faults for name, faults in found.items() if faults}


def merged(some: Faults, more: Faults) -> Faults:
    """Return the faults of both by rule."""
    return {name: [*some.get(name, ()), *more.get(name, ())] for name in {**some, **more}}


def unusual_volumes(session: Session, days: Sequence[date]) -> list[Fault]:
    """Return the days whose row count is far from the same weekday's in the eight weeks before.

    A day is unusual below a quarter or above four times the weekday's median. Days on which the
    shop is closed are in the ledger with 0 rows: in the data set all 53 Saturdays. A day with
    fewer than four such weeks in the ledger is not checked, nor is one that is not over.
    """
    since = min(days) - timedelta(weeks=WEEKS)
    rows = session.rows(
        "select invoice_date, row_count, version, running_until from sales.load_ledger"
        " where invoice_date between %s and %s order by invoice_date, version",
        [since, max(days)],
    )
    newest = {day: (int(count), until) for day, count, _, until in rows}
    counts = {day: count for day, (count, until) in newest.items() if until is None}
    return [fault for day in days if (fault := _unusual(day, counts)) is not None]


def _unusual(day: date, counts: Mapping[date, int]) -> Fault | None:
    weeks = [counts.get(day - timedelta(weeks=n)) for n in range(1, WEEKS + 1)]
    known = [count for count in weeks if count is not None]
    rows = counts.get(day)
    if rows is None or len(known) < _FEWEST_WEEKS:
        return None
    usual = median(known)
    if usual / _FACTOR <= rows <= usual * _FACTOR:
        return None
    return Fault(day, rows, f"rows, where {day:%A}s have {usual:g}")


def not_loaded(lake: Lake, session: Session, today: date) -> list[date]:
    """Return the days before `today` that have raw objects and were never published.

    Also those before yesterday that were not published since their end: yesterday may be due.
    """
    behind = {day for day in ledger.running(session) if day < today - timedelta(days=1)}
    loaded = ledger.published(session) - behind
    unknown = (day for day in lake.raw.days() if day < today and day not in loaded)
    return [day for day in unknown if lake.raw.objects_of(day)]


def _faults(session: Session, sql: str) -> list[Fault]:
    rows = session.rows(f"{sql} order by 1 limit 100")
    return [Fault(day, int(count), str(what)) for day, count, what in rows]
