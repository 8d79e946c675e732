"""What `sales.data_trust` can't know by itself: when days were compared, and what waits outside.

Who compares is reconcile/; what the row says is migration 0004_trust.sql.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from ecom_pipeline.warehouse import migrations
from ecom_pipeline.warehouse.session import Session, Warehouse, retrying

_VERDICTS = "sales.reconciliations"
_BACKLOG = "sales.backlog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Records in quarantine, and days with raw objects that are not published."""

    quarantine_open: int
    days_pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRange:
    """Days that are about to be compared: from when on, and which versions are published."""

    first: date
    last: date
    began: datetime
    versions: Mapping[date, int]


def begin(warehouse: Warehouse, first: date, last: date) -> ComparedRange:
    """Return the days as they are now, before the stores are read.

    What is published meanwhile is a newer version, so it is not taken for compared.
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
    """Put what was found in the place of what was found of these days before.

    `differences` are those of a day, if there are any; a day without is one that agrees.
    """
    rows = [
        f"('{day}', {span.versions.get(day, 0)}, '{span.began:%Y-%m-%d %H:%M:%S}',"
        f" {differences.get(day, 0)})"
        for day in sorted(span.versions.keys() | differences.keys())
    ]

    def attempt() -> None:
        with warehouse.session() as session:
            _replace(session, span, rows, backlog)

    retrying(attempt)


def _replace(session: Session, span: ComparedRange, rows: list[str], backlog: Backlog) -> None:
    session.run(f"lock {_VERDICTS}")  # first of all: the snapshot is newer
    session.run(
        f"delete from {_VERDICTS} where invoice_date between %s and %s", [span.first, span.last]
    )
    if rows:
        session.run(f"insert into {_VERDICTS} values {', '.join(rows)}")
    session.run(f"delete from {_BACKLOG}")
    session.run(
        f"insert into {_BACKLOG} values ({backlog.quarantine_open}, {backlog.days_pending})"
    )
    session.commit()
