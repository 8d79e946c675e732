"""Ways from CSV into the fact table, and an analyst's queries with marts and without."""

import csv
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from hashlib import sha256
from itertools import islice
from pathlib import Path

from isal import igzip
from msgspec import structs

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import COLUMNS, CSV_HEADER
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.flatten import GZIP_LEVEL
from ecom_pipeline.lake.manifest import Manifest, Part
from ecom_pipeline.lake.partition import committed
from ecom_pipeline.local.redshift.backend import SUPERUSER
from ecom_pipeline.local.redshift.postgres import bundled_binaries
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect, stage
from ecom_pipeline.warehouse.migrations import ddl
from ecom_pipeline.warehouse.session import Session

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
    r"""Return the rows a second that each way loads into a table with the stage's columns.

    COPY reads S3: all rows in one file, or the days' parts. `\copy` is PostgreSQL's own, of the
    same files uncompressed on disk, into the same server without our proxy. The other two are the
    driver's, of fewer rows.

    Raises:
        AssertionError: a way loaded another number of rows.
    """
    lake, warehouse = connect.lake(configured), connect.warehouse(configured)
    manifests = [committed(lake, day) for day in days]
    parts = _unpacked(lake, manifests, configured.home)
    whole = _write(configured.home / "bench.csv", [CSV_HEADER, *_rows(parts)])
    some = _write(configured.home / "bench-some.csv", [CSV_HEADER, *islice(_rows(parts), _BULK)])
    few = list(islice(_rows(parts), _INSERTS))
    count = sum(manifest.totals.rows for manifest in manifests)
    in_one = structs.replace(manifests[0], parts=(_as_part(lake, whole, count),))
    copies = stage.write_copy_lists(lake, manifests, keys.copy_prefix(0), warehouse.copy_role)
    one = stage.write_copy_lists(lake, [in_one], keys.copy_prefix(1), warehouse.copy_role)
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        with warehouse.session() as session:
            ways = {
                "COPY": (count, lambda: _copy(session, one)),
                "psql": (count, lambda: _psql(configured, [whole])),
                "COPY parts": (count, lambda: _copy(session, copies)),
                "psql parts": (count, lambda: _psql(configured, parts)),
                "bulk": (min(_BULK, count), lambda: _bulk(session, some)),
                "rows": (min(_INSERTS, count), lambda: _row_by_row(session, few)),
            }
            for name, (rows, load) in ways.items():
                session.run(f"create table {_TABLE} ({ddl(COLUMNS)})")
                session.commit()
                began = time.monotonic()
                load()
                session.commit()
                found[name].append(rows / (time.monotonic() - began))
                ((loaded,),) = session.rows(f"select count(*) from {_TABLE}")  # noqa: S608
                if loaded != rows:
                    raise AssertionError(f"{name} loaded {loaded} of {rows} rows")
                session.run(f"drop table {_TABLE}")
                session.commit()
    return {name: statistics.median(these) for name, these in found.items()}


def _unpacked(lake: Lake, manifests: Iterable[Manifest], folder: Path) -> list[Path]:
    """Write each part as an uncompressed file."""
    paths: list[Path] = []
    for part in (part for manifest in manifests for part in manifest.parts):
        found = lake.csv.read(part.key)
        if found is None:
            raise AssertionError(f"{part.key} is missing")
        paths.append(folder / f"part-{len(paths)}.csv")
        paths[-1].write_bytes(igzip.decompress(found.body))
    return paths


def _rows(parts: Iterable[Path]) -> Iterator[list[str]]:
    for part in parts:
        with part.open(newline="", encoding="utf-8") as file:
            yield from islice(csv.reader(file), 1, None)


def _as_part(lake: Lake, path: Path, rows: int) -> Part:
    """Upload a file to S3 as a part."""
    key, packed = f"{_TABLE}.csv.gz", igzip.compress(path.read_bytes(), GZIP_LEVEL)
    lake.csv.write_part(key, packed)
    return Part(key=key, rows=rows, bytes=len(packed), sha256=sha256(packed).hexdigest())


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


def _psql(configured: Settings, paths: Iterable[Path]) -> None:
    socket = configured.home / "redshift" / "postgres"
    command = [bundled_binaries() / "psql", "-h", socket, "-U", SUPERUSER, "-v", "ON_ERROR_STOP=1"]
    copies = [f"\\copy {_TABLE} from '{path}' with (format csv, header)" for path in paths]
    script = "\n".join(["begin;", *copies, "commit;"])
    command.append(configured.redshift_database)
    subprocess.run(command, check=True, capture_output=True, input=script, text=True)  # noqa: S603


def query_seconds(configured: Settings, rounds: int) -> dict[str, tuple[float, float]]:
    """Return each query's median seconds on the marts, and on the fact table.

    Raises:
        AssertionError: the two results differ.
    """
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
