"""Stage days for a load: COPY their parts into a temporary table, assert, compare with the fact.

Nothing here changes the fact table; load.py publishes the staged rows.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

import redshift_connector

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER, Column
from ecom_pipeline.domain.digest import SEPARATOR
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.manifest import Manifest
from ecom_pipeline.warehouse.ledger import Change, listed, sums_of, within
from ecom_pipeline.warehouse.migrations import ddl
from ecom_pipeline.warehouse.session import Session, WarehouseError, is_transient, reason

FACT = "sales.fact_invoice_lines"
STAGE = "stage_invoice_lines"


def _text(column: Column) -> str:
    """Return SQL for a column's text in the canonical row."""
    if column.name == "invoice_time":
        return "to_char(invoice_time, 'YYYY-MM-DD HH24:MI:SS')"
    text = column.name if "char" in column.redshift else f"{column.name}::varchar"
    return f"coalesce({text}, '')" if column.nullable else text


_SEPARATOR = f"chr({ord(SEPARATOR)})"
_ROW = f"rtrim({f' || {_SEPARATOR} || '.join(map(_text, COLUMNS))}, {_SEPARATOR})"
# domain.digest and domain.totals in SQL: 48 bits of MD5 are 12 hex digits
DIGEST = f"strtol(left(md5({_ROW}), 12), 16)"
SUMS = f"count(*), sum(quantity), sum(amount), sum({DIGEST})"


def write_copy_lists(
    lake: Lake, manifests: Sequence[Manifest], prefix: str, role: str
) -> list[str]:
    """Write the COPY manifests of a load under a prefix, and return its COPY statements.

    There is one per CSV header: parts written before a column was added do not have it.
    """
    statements: list[str] = []
    ordered = sorted(manifests, key=lambda manifest: len(manifest.columns))
    for number, (columns, group) in enumerate(groupby(ordered, lambda each: each.columns)):
        entries = [entry for manifest in group for entry in _entries(lake, manifest)]
        if entries:
            key = keys.copy_manifest_key(prefix, number)
            lake.csv.write_json(key, json.dumps({"entries": entries}, indent=1).encode())
            statements.append(copy_statement(f"s3://{lake.csv.name}/{key}", role, columns))
    return statements


def _entries(lake: Lake, manifest: Manifest) -> Iterator[dict[str, object]]:
    """Yield the COPY manifest's entries; without `mandatory` COPY skips missing files silently."""
    for part in manifest.parts:
        yield {
            "url": f"s3://{lake.csv.name}/{part.key}",
            "mandatory": True,
            "meta": {"content_length": part.bytes},
        }


def copy_statement(files: str, role: str, columns: Sequence[str] = CSV_HEADER) -> str:
    """Return the COPY statement of a manifest; no option to skip, trim or truncate data.

    By default COPY reads a field of backslash and N as NULL. The value given here cannot occur in
    a text, so only an empty field is NULL.
    """
    return (
        f"copy {STAGE} ({', '.join(columns)}) from '{files}' iam_role '{role}' manifest"
        f" format as csv gzip ignoreheader 1 emptyasnull null as '{SEPARATOR}' timeformat 'auto'"
        " maxerror 0 compupdate off statupdate off"
    )


def copy(session: Session, copies: Sequence[str]) -> None:
    """COPY the days' parts into a temporary table.

    Raises:
        WarehouseError: COPY failed.
    """
    session.run(f"drop table if exists {STAGE}")
    session.run(f"create temp table {STAGE} (\n  {ddl(COLUMNS)}\n)")
    for statement in copies:
        try:
            session.run(statement)
        except redshift_connector.ProgrammingError as error:
            if is_transient(error):
                raise
            raise WarehouseError(_load_errors(session, error)) from error


def require_staged(session: Session, manifests: Sequence[Manifest]) -> None:
    """Check that the staged rows have the totals of the manifests.

    Raises:
        WarehouseError: they differ.
    """
    found = session.rows(f"select trunc(invoice_time), {SUMS} from {STAGE} group by 1")
    staged = {day: sums_of(*sums) for day, *sums in found}
    for manifest in manifests:
        totals = staged.pop(manifest.day, Totals())
        if totals != manifest.totals:
            raise WarehouseError(
                f"{manifest.day}: COPY staged {totals.rows} rows, revenue {totals.amount},"
                f" but the manifest has {manifest.totals.rows} rows,"
                f" revenue {manifest.totals.amount}: a part differs from its manifest;"
                " rebuild the day"
            )
    if staged:
        raise WarehouseError(f"COPY staged days that are not in this load: {sorted(staged)}")


def changes(session: Session, days: Sequence[date]) -> dict[date, Change]:
    """Return the difference between the staged rows and the fact table's, by day."""
    if not days:
        return {}
    rows = session.rows(
        "select coalesce(n.day, o.day),"
        " sum(case when o.event_id is null then 1 else 0 end),"
        " sum(case when n.event_id is null then 1 else 0 end),"
        " sum(case when n.digest <> o.digest then 1 else 0 end)"
        f" from (select event_id, trunc(invoice_time) as day, {DIGEST} as digest from {STAGE}"
        f" where trunc(invoice_time) in {listed(days)}) n"
        " full outer join"
        f" (select event_id, invoice_date as day, {DIGEST} as digest from {FACT}"
        f" where {within(days)}) o"
        " on n.event_id = o.event_id and n.day = o.day group by 1"
    )
    found = {day: Change(int(new), int(gone), int(other)) for day, new, gone, other in rows}
    return {day: found.get(day, Change()) for day in days}


def fact_totals(session: Session, first: date, last: date) -> dict[date, Totals]:
    """Return the fact table's totals for each day from `first` to `last` that has rows."""
    rows = session.rows(
        f"select invoice_date, {SUMS} from {FACT} where invoice_date between %s and %s group by 1",
        [first, last],
    )
    return {day: sums_of(*sums) for day, *sums in rows}


def fact_rows(session: Session) -> int:
    """Return the fact table's number of rows."""
    ((rows,),) = session.rows(f"select count(*) from {FACT}")
    return int(rows)


def _load_errors(session: Session, error: Exception) -> str:
    """Return COPY's errors: file, line, column, reason; not the row (personal data)."""
    session.rollback()
    rows = session.rows(
        "select file_name, line_number, column_name, error_message from sys_load_error_detail"
        " where session_id = pg_backend_pid() order by start_time desc limit 3"
    )
    found = "; ".join(f"{name} line {line} {column}: {why}" for name, line, column, why in rows)
    return f"{reason(error)} {found}; fix the rule or the record, then rebuild the day".strip()
