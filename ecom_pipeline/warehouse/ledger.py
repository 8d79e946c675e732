"""The load ledger: which version of a day the fact table has, and which rules built its CSV.

The ledger's newest row of a day is authoritative for that day. It is written inside a load's
transaction (load.py); the fencing token of a load is in fence.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake.manifest import Manifest
from ecom_pipeline.warehouse.attribution import Attribution
from ecom_pipeline.warehouse.session import Session

RESTATEMENT = "restatement"
RUNNING, OVER = "running", "over"
MOVING = (RUNNING, OVER)  # causes of versions that follow one of a day that was not over
_LEDGER = "sales.load_ledger"
_RULES = "sales.csv_rules"
_COLUMNS = (
    "invoice_date, version, generation, cause, row_count, quantity, amount, digest, rows_before,"
    " amount_before, rows_added, rows_removed, rows_changed"
)
_WHO = "published_by, run_id, requested_by, approved_plan"


@dataclass(frozen=True, slots=True)
class Change:
    """The difference between a version of a day and the one before: numbers of event ids."""

    added: int = 0
    removed: int = 0
    changed: int = 0

    def cause(self, retracted: int) -> str:
        """Return the cause of a restatement, from the change and the day's retracted records.

        "late" if rows were only added, "restatement" if retractions removed rows, else
        "correction".
        """
        if self.removed and retracted:
            return RESTATEMENT
        return "correction" if self.removed or self.changed else "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A version of a day in the ledger: its totals, and the rows and amount that it replaced.

    `running_until` is None, or the moment (UTC) up to which a day that was not over is loaded.
    """

    version: int
    generation: int
    cause: str
    totals: Totals
    rows_before: int
    amount_before: Decimal
    change: Change
    running_until: datetime | None = None

    @property
    def amount_delta(self) -> Decimal:
        return self.totals.amount - self.amount_before

    def differs(self, manifest: Manifest) -> bool:
        """Return whether a day's manifest has other rows, or is of another moment of the day."""
        held = self.totals, self.running_until
        return held != (manifest.totals, manifest.running_until)


def newest(session: Session, days: Sequence[date]) -> dict[date, Entry]:
    """Return the newest version of each of these days that was ever published."""
    rows = session.rows(
        f"select {_COLUMNS}, running_until from {_LEDGER} where {within(days)}"
        " order by invoice_date, version"
    )
    return {
        day: Entry(
            version=version,
            generation=generation,
            cause=cause,
            totals=sums_of(*rest[:4]),
            rows_before=rest[4],
            amount_before=rest[5],
            change=Change(*rest[6:9]),
            running_until=_aware(rest[9]),
        )
        for day, version, generation, cause, *rest in rows
    }


def published(session: Session) -> set[date]:
    """Return the days that were ever published."""
    return {day for (day,) in session.rows(f"select distinct invoice_date from {_LEDGER}")}


def running(session: Session) -> dict[date, datetime]:
    """Return the days whose newest version is of before their end, and until when (UTC) it is."""
    rows = session.rows(
        "select l.invoice_date, l.running_until"
        f" from (select invoice_date, max(version) as version from {_LEDGER} group by 1) n"
        f" join {_LEDGER} l on l.invoice_date = n.invoice_date and l.version = n.version"
        " where l.running_until is not null"
    )
    return {day: until.replace(tzinfo=UTC) for day, until in rows}


def published_since(session: Session, moment: datetime) -> list[date]:
    """Return the days that have a version published at or after `moment`."""
    rows = session.rows(
        f"select distinct invoice_date from {_LEDGER} where published_at >= %s order by 1",
        [moment.astimezone(UTC).replace(tzinfo=None)],  # getdate() is UTC, without a zone
    )
    return [day for (day,) in rows]


def following(
    past: Entry | None, totals: Totals, change: Change, generation: int, cause: str
) -> Entry:
    """Return a day's next version after `past`; the cause of the first version is "first"."""
    before = past.totals if past else Totals()
    return Entry(
        version=past.version + 1 if past else 1,
        generation=generation,
        cause=cause if past else "first",
        totals=totals,
        rows_before=before.rows,
        amount_before=before.amount,
        change=change,
    )


def write(
    session: Session,
    entries: Mapping[date, Entry],
    by: Attribution,
    approved: str = "",
    *,
    zone: ZoneInfo,
) -> None:
    """Insert the days' next versions, with who publishes them and the approved plan, if any.

    `zone` is the shop's.
    """
    who = [*by.described(), approved or None]
    for day, entry in entries.items():
        now, change, until = entry.totals, entry.change, entry.running_until
        session.run(
            f"insert into {_LEDGER} ({_COLUMNS}, {_WHO}, running_until, running_until_local)"
            f" values (%s, {entry.version}, {entry.generation}, %s, {now.rows}, {now.quantity},"
            f" {now.amount}, {now.digest}, {entry.rows_before}, {entry.amount_before},"
            f" {change.added}, {change.removed}, {change.changed}, %s, %s, %s, %s,"
            f" {_timestamp(until)}, {_timestamp(until and until.astimezone(zone))})",
            [day, entry.cause, *who],
        )


def _timestamp(moment: datetime | None) -> str:
    return f"'{moment:%Y-%m-%d %H:%M:%S}'::timestamp" if moment else "null"


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def changed_rules(session: Session, days: Mapping[date, int]) -> dict[date, int]:
    """Return the days whose recorded rules version differs from the given one."""
    known = dict(session.rows(f"select invoice_date, rules from {_RULES} where {within(days)}"))
    return {day: rules for day, rules in days.items() if known.get(day) != rules}


def record_rules(session: Session, days: Mapping[date, int]) -> None:
    """Record the rules version of the days' CSV."""
    session.run(f"delete from {_RULES} where {within(days)}")
    rows = ", ".join(f"('{day.isoformat()}', {rules})" for day, rules in days.items())
    session.run(f"insert into {_RULES} values {rows}")


def days_of_other_rules(session: Session, rules: int) -> list[date]:
    """Return the days whose published CSV has another rules version."""
    sql = f"select invoice_date from {_RULES} where rules <> {rules} order by 1"
    return [day for (day,) in session.rows(sql)]


def within(days: Iterable[date]) -> str:
    """Return the SQL condition that a row's day is one of these."""
    return f"invoice_date in {listed(days)}"


def listed(days: Iterable[date]) -> str:
    """Return days as an SQL list, in parentheses."""
    return "(" + ", ".join(f"'{day.isoformat()}'" for day in days) + ")"


def sums_of(rows: int, quantity: int, amount: Decimal, digest: Decimal) -> Totals:
    """Return totals from the types of a query's result."""
    return Totals(rows=rows, quantity=int(quantity), amount=Decimal(amount), digest=int(digest))
