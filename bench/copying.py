"""Ways from CSV into the fact table, and what an analyst's queries take with marts and without."""

import csv
import io
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path

from isal import igzip

from ecom_pipeline.batch import connect, stage
from ecom_pipeline.batch.lake import Lake
from ecom_pipeline.batch.manifest import Manifest
from ecom_pipeline.batch.migrations import ddl
from ecom_pipeline.batch.partition import committed
from ecom_pipeline.batch.warehouse import Session
from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER
from ecom_pipeline.local.redshift.backend import SUPERUSER
from ecom_pipeline.local.redshift.postgres import bundled_binaries
from ecom_pipeline.settings import Settings

_INSERTS = 2_000
_BULK = 20_000
_TABLE = "bench_lines"

QUERIES = {
    "revenue by day": (
        "select invoice_date, net from marts.daily_sales order by 1",
        "select invoice_date, sum(amount) from sales.fact_invoice_lines group by 1 order by 1",
    ),
    "ten best products": (
        "select stock_code, net from marts.products order by net desc limit 10",
        "select stock_code, sum(amount) as net from sales.fact_invoice_lines"
        " group by 1 order by net desc limit 10",
    ),
    "customers by month of first order": (
        "select cohort_month, count(*) from marts.customers where cohort_month is not null"
        " group by 1 order by 1",
        "select month, count(*) from (select customer_id,"
        " date_trunc('month', min(invoice_date))::date as month from sales.fact_invoice_lines"
        " where customer_id is not null and kind = 'sale' group by 1) firsts group by 1 order by 1",
    ),
    "net by country": (
        "select country, net from marts.countries order by 1",
        "select country, sum(amount) from sales.fact_invoice_lines group by 1 order by 1",
    ),
}


def rows_per_second(configured: Settings, days: Sequence[date], rounds: int) -> dict[str, float]:
    r"""Return how many rows a second each way loads into a table of the stage's form.

    COPY reads the days' parts from S3; `\copy` is PostgreSQL's own, of the same rows in one local
    file, into the same server without our proxy; the other two are the driver's, of as many rows
    as they do in a while.
    """
    lake, warehouse = connect.lake(configured), connect.warehouse(configured)
    manifests = [committed(lake, day) for day in days]
    copies = stage.write_copy_lists(lake, manifests, 0, warehouse.copy_role)
    rows = [row for each in manifests for row in _rows(lake, each)]
    whole = _write(configured.home / "bench.csv", rows)
    some = _write(configured.home / "bench-some.csv", [CSV_HEADER, *rows[:_BULK]])
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        with warehouse.session() as session:
            ways = {
                "COPY": (len(rows), lambda: _copy(session, copies)),
                "psql": (len(rows), lambda: _psql(configured, whole)),
                "bulk": (min(_BULK, len(rows)), lambda: _bulk(session, some)),
                "rows": (min(_INSERTS, len(rows)), lambda: _row_by_row(session, rows)),
            }
            for name, (count, load) in ways.items():
                session.run(f"create table {_TABLE} ({ddl(COLUMNS)})")
                session.commit()
                began = time.monotonic()
                load()
                session.commit()
                found[name].append(count / (time.monotonic() - began))
                session.run(f"drop table {_TABLE}")
                session.commit()
    return {name: statistics.median(these) for name, these in found.items()}


def _rows(lake: Lake, manifest: Manifest) -> Iterator[list[str]]:
    for part in manifest.parts:
        found = lake.read_csv(part.key)
        if found is None:
            raise AssertionError(f"{part.key} has gone")
        text = io.StringIO(igzip.decompress(found.body).decode(), newline="")
        yield from islice(csv.reader(text), 1, None)


def _write(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def _copy(session: Session, copies: Sequence[str]) -> None:
    for statement in copies:
        session.run(statement.replace(stage.STAGE, _TABLE))


def _bulk(session: Session, path: Path) -> None:
    session.connection.cursor().insert_data_bulk(
        str(path), _TABLE, list(range(len(COLUMNS))), list(CSV_HEADER), ",", batch_size=1000
    )


def _row_by_row(session: Session, rows: Sequence[Sequence[str]]) -> None:
    values = ", ".join(["%s"] * len(COLUMNS))
    for row in rows[:_INSERTS]:
        session.run(f"insert into {_TABLE} values ({values})", [each or None for each in row])  # noqa: S608


def _psql(configured: Settings, path: Path) -> None:
    socket = configured.home / "redshift" / "postgres"
    command = [bundled_binaries() / "psql", "-h", socket, "-U", SUPERUSER, "-v", "ON_ERROR_STOP=1"]
    command += [configured.redshift_database, "-c", f"\\copy {_TABLE} from '{path}' csv"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603


def query_seconds(configured: Settings, rounds: int) -> dict[str, tuple[float, float]]:
    """Return the median seconds of each query over the marts, and of the same over the fact."""
    warehouse = connect.warehouse(configured)
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in QUERIES}
    for _ in range(rounds):
        for name, statements in QUERIES.items():
            answers = []
            for sql, seconds in zip(statements, found[name], strict=True):
                began = time.monotonic()
                answers.append(warehouse.query(sql))
                seconds.append(time.monotonic() - began)
            if name != "ten best products" and len(answers[0]) != len(answers[1]):
                raise AssertionError(f"{name}: marts and fact table differ")
    medians = ((name, tuple(map(statistics.median, both))) for name, both in found.items())
    return {name: (marts, fact) for name, (marts, fact) in medians}
