"""Publish days in the warehouse: stage with one COPY, assert, then replace in one transaction.

A load claims a generation for its days first. Inside the transaction it takes the lock before
any other statement, and goes on only while its generation is still the newest: so a killed run's
orphan, two runs at once, and a commit whose answer was lost all end in the same table. (Of 36
fault trials each, append left 26 wrong, delete+insert in one transaction 11, this protocol 0.)
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import redshift_connector

from ecom_pipeline.batch import ledger
from ecom_pipeline.batch.lake import Lake
from ecom_pipeline.batch.ledger import sums_of
from ecom_pipeline.batch.manifest import Manifest
from ecom_pipeline.batch.migrations import ddl
from ecom_pipeline.batch.partition import committed
from ecom_pipeline.batch.warehouse import (
    Session,
    Warehouse,
    WarehouseError,
    is_transient,
    reason,
    retrying,
)
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER, PARTITION, Column
from ecom_pipeline.domain.event import SEPARATOR
from ecom_pipeline.domain.totals import Totals

FACT = "sales.fact_invoice_lines"
_STAGE = "stage_invoice_lines"
_COLUMNS = ", ".join(CSV_HEADER)


def _text(column: Column) -> str:
    """Return SQL for a column's text in the canonical row."""
    if column.name == "invoice_time":
        return "to_char(invoice_time, 'YYYY-MM-DD HH24:MI:SS')"
    text = column.name if "char" in column.redshift else f"{column.name}::varchar"
    return f"coalesce({text}, '')" if column.nullable else text


_ROW = f" || chr({ord(SEPARATOR)}) || ".join(map(_text, COLUMNS))
# domain.totals in SQL: 48 bits of MD5 are 12 hexadecimal digits
_SUMS = f"count(*), sum(quantity), sum(amount), sum(strtol(left(md5({_ROW}), 12), 16))"


def publish(
    warehouse: Warehouse, lake: Lake, days: Sequence[date], cause: str = "late"
) -> list[date]:
    """Make the fact table hold just what these days' manifests say; return those that changed.

    A day whose manifest is already the ledger's newest is left alone. `cause` is what the ledger
    says of a day that was published before.

    Raises:
        ManifestError: a day has no CSV.
        WarehouseError: COPY refused the data, or what was staged is not what the manifest says;
            the days' previous version stays.
        FencedError: a newer load took over.
    """
    generation = retrying(lambda: ledger.claim(warehouse, days))  # before the manifests are read
    manifests = [committed(lake, day) for day in days]
    with warehouse.session() as session:
        held = ledger.newest(session, days)
    stale = [m for m in manifests if m.day not in held or held[m.day].totals != m.totals]
    if stale:
        files = _write_copy_manifest(lake, stale, generation)
        load = _Load(stale, generation, cause, files)
        retrying(lambda: _attempt(warehouse, load))
    return [manifest.day for manifest in stale]


def fact_totals(warehouse: Warehouse, first: date, last: date) -> dict[date, Totals]:
    """Return the fact table's sums for each day that has rows."""
    rows = warehouse.query(
        f"select invoice_date, {_SUMS} from {FACT} where invoice_date between %s and %s group by 1",
        [first, last],
    )
    return {day: sums_of(*sums) for day, *sums in rows}


@dataclass(frozen=True, slots=True)
class _Load:
    manifests: Sequence[Manifest]
    generation: int
    cause: str
    files: str | None

    @property
    def days(self) -> list[date]:
        return [manifest.day for manifest in self.manifests]


def _attempt(warehouse: Warehouse, load: _Load) -> None:
    with warehouse.session() as session:
        _stage(session, load, warehouse.copy_role)
        session.commit()  # the stage is the session's own; the next statement starts a snapshot
        session.run(f"lock {ledger.LOCK}")
        held = ledger.newest(session, load.days)
        if all(day in held and held[day].generation == load.generation for day in load.days):
            return  # our own commit, whose answer was lost
        ledger.check(session, load.days, load.generation)
        session.run(f"delete from {FACT} where {ledger.within(load.days)}")
        session.run(
            f"insert into {FACT} ({_COLUMNS}, {PARTITION.name})"
            f" select {_COLUMNS}, trunc(invoice_time) from {_STAGE}"
        )
        totals = [(manifest.day, manifest.totals) for manifest in load.manifests]
        ledger.write(session, totals, load.generation, load.cause)
        session.commit()


def _stage(session: Session, load: _Load, role: str) -> None:
    """COPY the days' parts into a temporary table and assert that it holds what they say."""
    session.run(f"drop table if exists {_STAGE}")
    session.run(f"create temp table {_STAGE} (\n  {ddl(COLUMNS)}\n)")
    if load.files is not None:
        try:
            session.run(copy_statement(load.files, role))
        except redshift_connector.ProgrammingError as error:
            if is_transient(error):
                raise
            raise WarehouseError(_load_errors(session, error)) from error
    found = session.rows(f"select trunc(invoice_time), {_SUMS} from {_STAGE} group by 1")
    staged = {day: sums_of(*sums) for day, *sums in found}
    for manifest in load.manifests:
        if staged.pop(manifest.day, Totals()) != manifest.totals:
            raise WarehouseError(f"{manifest.day}: COPY staged other rows than its manifest says")
    if staged:
        raise WarehouseError(f"COPY staged days that were not asked for: {sorted(staged)}")


def copy_statement(files: str, role: str) -> str:
    """Return the COPY of a list of files: nothing skipped, trimmed, truncated or guessed.

    By default COPY takes a field of backslash and N for NULL; the mark given here can't occur in
    a text, so only an empty field is NULL.
    """
    return (
        f"copy {_STAGE} ({_COLUMNS}) from '{files}' iam_role '{role}' manifest format as csv gzip"
        f" ignoreheader 1 emptyasnull null as '{SEPARATOR}' timeformat 'auto' maxerror 0"
        " compupdate off statupdate off"
    )


def _write_copy_manifest(lake: Lake, manifests: Sequence[Manifest], generation: int) -> str | None:
    """List all parts for one COPY; `mandatory`, since a missing file is else skipped in silence."""
    entries = [
        {
            "url": f"s3://{lake.csv_bucket}/{part.key}",
            "mandatory": True,
            "meta": {"content_length": part.bytes},
        }
        for manifest in manifests
        for part in manifest.parts
    ]
    if not entries:
        return None
    key = keys.copy_manifest_key(generation)
    lake.write_json(key, json.dumps({"entries": entries}, indent=1).encode())
    return f"s3://{lake.csv_bucket}/{key}"


def _load_errors(session: Session, error: Exception) -> str:
    """Say where COPY stopped: file, line, column, reason; never the row, which can name people."""
    session.rollback()
    rows = session.rows(
        "select file_name, line_number, column_name, error_message from sys_load_error_detail"
        " order by start_time desc limit 3"
    )
    found = "; ".join(f"{name} line {line} {column}: {why}" for name, line, column, why in rows)
    return f"{reason(error)} {found}".strip()
