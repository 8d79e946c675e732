# pyright: basic
# redshift_connector has no types.
"""What the warehouse has: fact rows, versions of days, marts, matched returns. Read-only."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date

import redshift_connector

from ecom_pipeline.trace.model import Return, Version, Wanted
from ecom_pipeline.warehouse.ledger import within
from ecom_pipeline.warehouse.session import Row, Session

_NO_TABLES = {"42P01", "3F000"}  # SQLSTATE of no table and no schema: nothing was loaded yet
_RETURNS = (
    "select event_id, invoice_no, invoice_date, pieces, match, sale_event_id, sale_invoice_no,"
    " sale_date from marts.returns where "
)


@dataclass(frozen=True, slots=True)
class Facts:
    """The fact rows of the wanted events: number, day and invoice of each event id."""

    rows: Counter[str] = field(default_factory=Counter)
    days: dict[str, date] = field(default_factory=dict)
    invoices: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayVersions:
    """A day's versions in order, and the version that the marts were built from."""

    versions: tuple[Version, ...] = ()
    marts: int | None = None


def facts(session: Session, wanted: Wanted, days: Iterable[date]) -> Facts:
    """Find the fact rows; `days`, if they are known, let Redshift skip all other blocks."""
    column, value = ("event_id", wanted.event_id)
    if wanted.event_id is None:
        column, value = ("invoice_no", wanted.invoice_no)
    known = sorted(days)
    pruned = f" and {within(known)}" if known else ""
    found = Facts()
    sql = (
        "select event_id, invoice_date, invoice_no from sales.fact_invoice_lines"
        f" where {column} = %s{pruned}"
    )
    for event_id, day, invoice in _rows(session, sql, [value]):
        found.rows[event_id] += 1
        found.days[event_id], found.invoices[event_id] = day, invoice
    return found


def versions(session: Session, days: Sequence[date]) -> dict[date, DayVersions]:
    """Return the versions of these days."""
    if not days:
        return {}
    marts = dict(
        _rows(session, f"select invoice_date, version from marts.builds where {within(days)}", [])
    )
    ledger = _rows(
        session,
        "select invoice_date, version, cause, published_at from sales.load_ledger"
        f" where {within(days)} order by 1, 2",
        [],
    )
    by_day: dict[date, list[Version]] = {day: [] for day in days}
    for day, version, cause, at in ledger:
        moment = at.replace(tzinfo=UTC)  # getdate() is UTC, without a zone
        by_day[day].append(Version(version=version, cause=cause, published_at=moment))
    return {day: DayVersions(tuple(those), marts.get(day)) for day, those in by_day.items()}


def returns(session: Session, wanted: Wanted) -> dict[str, list[Return]]:
    """Return the matches of the wanted events, as a return and as a sale, by event id."""
    value = wanted.event_id if wanted.event_id is not None else wanted.invoice_no
    mine, sale = "event_id", "sale_event_id"
    if wanted.event_id is None:
        mine, sale = "invoice_no", "sale_invoice_no"
    found: dict[str, list[Return]] = {}
    rows = _rows(session, f"{_RETURNS} {mine} = %s or {sale} = %s order by 3, 1", [value, value])
    for event, invoice, day, pieces, match, sold, sold_invoice, sold_day in rows:
        if value in {event, invoice}:
            other = ("return of", sold, sold_invoice, sold_day)
            found.setdefault(event, []).append(_return(other, pieces, match))
        if sold is not None and value in {sold, sold_invoice}:
            other = ("returned by", event, invoice, day)
            found.setdefault(sold, []).append(_return(other, pieces, match))
    return found


def _return(other: tuple, pieces: int, match: str) -> Return:
    role, event_id, invoice_no, day = other
    return Return(
        role=role,
        event_id=event_id,
        invoice_no=invoice_no,
        invoice_date=day,
        pieces=pieces,
        match=match,
    )


def _rows(session: Session, sql: str, parameters: list) -> list[Row]:
    """Return the rows of a query; none where the first load has not made the tables yet."""
    try:
        return session.rows(sql, parameters)
    except redshift_connector.ProgrammingError as error:
        fields = error.args[0] if error.args else None
        if not (isinstance(fields, dict) and fields.get("C") in _NO_TABLES):
            raise
        session.rollback()
        return []
