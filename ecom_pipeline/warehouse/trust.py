"""Inputs of the view `sales.data_trust`: results of comparisons, quarantine and pending days.

The comparison is in reconcile/, the view in migration 0010_discarded.sql.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ecom_pipeline.warehouse import lock, migrations
from ecom_pipeline.warehouse.attribution import cut
from ecom_pipeline.warehouse.session import Session, Warehouse, retrying

_VERDICTS = "sales.reconciliations"
_BACKLOG = "sales.backlog"
_SEGMENTS = "sales.table_segments"
_REPAIRS = "sales.repairs"
_NEWEST = (
    "(select invoice_date, max(version) as version from sales.load_ledger group by invoice_date)"
)
_WITHIN = timedelta(hours=26)  # of a publish: the reconciliation of each morning, and its duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The number of quarantined records, open and discarded, and of unpublished days."""

    quarantine_open: int
    quarantine_discarded: int
    days_pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRange:
    """A range of days to compare: its start time (UTC), and the published version of each day."""

    first: date
    last: date
    began: datetime
    versions: Mapping[date, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The rolling scan's progress: segments that were scanned, of how many, and the oldest scan."""

    scanned: int
    segments: int
    oldest: datetime | None


def begin(warehouse: Warehouse, first: date, last: date) -> ComparedRange:
    """Return the published versions of a range of days, before the stores are read.

    A day that is published during the comparison has a newer version, so it does not count as
    compared.
    """
    migrations.migrate(warehouse)
    began = datetime.now(UTC)
    rows = warehouse.query(
        "select invoice_date, max(version) from sales.load_ledger"
        " where invoice_date between %s and %s group by invoice_date",
        [first, last],
    )
    return ComparedRange(first=first, last=last, began=began, versions=dict(rows))


def keep(
    warehouse: Warehouse, span: ComparedRange, differences: Mapping[date, int], backlog: Backlog
) -> None:
    """Replace the stored results of these days, and the backlog.

    `differences` is the number of discrepancies by day; a day without an entry has none. A day that
    differed before, in the same version, keeps the time since when it differs.
    """

    def attempt() -> None:
        with warehouse.session() as session:
            lock.take(warehouse, session, _VERDICTS)
            _replace(session, span, differences, backlog)

    retrying(attempt, "record the comparison")


def _replace(
    session: Session, span: ComparedRange, differences: Mapping[date, int], backlog: Backlog
) -> None:
    rows = _rows(session, span, differences)
    session.run(
        f"delete from {_VERDICTS} where invoice_date between %s and %s", [span.first, span.last]
    )
    if rows:
        session.run(f"insert into {_VERDICTS} values {', '.join(rows)}")
    session.run(f"delete from {_BACKLOG}")
    session.run(
        f"insert into {_BACKLOG} (quarantine_open, quarantine_discarded, days_pending) values"
        f" ({backlog.quarantine_open}, {backlog.quarantine_discarded}, {backlog.days_pending})"
    )
    session.commit()


def _rows(session: Session, span: ComparedRange, differences: Mapping[date, int]) -> list[str]:
    """Return the days' new results as SQL values."""
    known = session.rows(
        "select invoice_date, version, coalesce(differing_since, reconciled_at)"
        f" from {_VERDICTS} where differences > 0 and invoice_date between %s and %s",
        [span.first, span.last],
    )
    since = {(day, version): moment for day, version, moment in known}
    began, rows = span.began.replace(tzinfo=None), list[str]()
    for day in sorted(span.versions.keys() | differences.keys()):
        version, count = span.versions.get(day, 0), differences.get(day, 0)
        first = f"'{since.get((day, version), began):%Y-%m-%d %H:%M:%S}'" if count else "null"
        rows.append(f"('{day}', {version}, '{began:%Y-%m-%d %H:%M:%S}', {count}, {first})")
    return rows


def differing(warehouse: Warehouse) -> dict[date, tuple[int, datetime]]:
    """Return the days whose newest version differs: number of discrepancies, since when (UTC)."""
    rows = warehouse.query(
        "select r.invoice_date, r.differences, coalesce(r.differing_since, r.reconciled_at)"
        f" from {_VERDICTS} r left join {_NEWEST} n on n.invoice_date = r.invoice_date"
        " where r.differences > 0 and r.version = coalesce(n.version, 0) order by 1"
    )
    return {day: (int(count), since) for day, count, since in rows}


def not_reconciled(warehouse: Warehouse, now: datetime) -> dict[date, int]:
    """Return the version of each day that was published over 26 hours ago and never compared."""
    rows = warehouse.query(
        f"select l.invoice_date, l.version from sales.load_ledger l join {_NEWEST} n"
        " on n.invoice_date = l.invoice_date and n.version = l.version"
        f" left join {_VERDICTS} r on r.invoice_date = l.invoice_date and r.version = l.version"
        " where r.version is null and l.published_at < %s order by 1",
        [(now - _WITHIN).astimezone(UTC).replace(tzinfo=None)],
    )
    return {day: int(version) for day, version in rows}


def next_segment(warehouse: Warehouse, segments: int) -> int:
    """Return the segment of the table that was never scanned, or not for the longest time."""
    rows = warehouse.query(
        f"select segment, scanned_at from {_SEGMENTS} where segments = {segments}"
    )
    scanned = {number: (1, at) for number, at in rows}
    return min(range(segments), key=lambda number: (*scanned.get(number, (0,)), number))


def keep_segment(
    warehouse: Warehouse, number: int, segments: int, *, items: int, differences: int
) -> None:
    """Replace the stored result of a segment's scan."""

    def attempt() -> None:
        with warehouse.session() as session:
            lock.take(warehouse, session, _SEGMENTS)
            session.run(
                f"delete from {_SEGMENTS} where segment = {number} or segments <> {segments}"
            )
            session.run(
                f"insert into {_SEGMENTS}"
                f" values ({number}, {segments}, getdate(), {items}, {differences})"
            )
            session.commit()

    retrying(attempt, "record the segment")


def keep_repair(warehouse: Warehouse, *, items: int, rebuilt: int, lost: int) -> None:
    """Add a repair to sales.repairs: repaired items, numbers of days, and the caller.

    Its moment is its key: an attempt after a commit whose answer was lost adds no second row.
    """
    moment, by = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}", cut(warehouse.by.caller())

    def attempt() -> None:
        with warehouse.session() as session:
            known = f"select 1 from {_REPAIRS} where repaired_at = %s and repaired_by = %s"
            if session.rows(known, [moment, by]):
                return
            session.run(
                f"insert into {_REPAIRS} (repaired_at, items, days_rebuilt, days_lost, repaired_by)"
                f" values (%s, {items}, {rebuilt}, {lost}, %s)",
                [moment, by],
            )
            session.commit()

    migrations.migrate(warehouse)
    retrying(attempt, "record the repair")


def coverage(warehouse: Warehouse, segments: int) -> Coverage:
    """Return how much of the table the rolling scan has looked at."""
    ((scanned, oldest),) = warehouse.query(
        f"select count(*), min(scanned_at) from {_SEGMENTS} where segments = {segments}"
    )
    return Coverage(scanned=int(scanned), segments=segments, oldest=oldest)
