"""Erase the data set's largest customer from its whole history, and look for the id everywhere.

    python -m bench.erase_customer online_retail.csv.gz [--delete]

By hand: it takes minutes. It runs an emulator and a warehouse of its own, loads the history by
Dagster as `ecom load` does, erases, rebuilds every day, replays all, and looks again. The id's
digits are in other numbers too, so it is looked for as a value.
"""

import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import click
import dagster as dg
import msgspec

from bench.history import write_raw
from ecom_pipeline import definitions, settings
from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.envelope import Accepted
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.erasure import erase
from ecom_pipeline.erasure.erase import DataSubject, Stores
from ecom_pipeline.lake import tombstones
from ecom_pipeline.local import deploy, processes, stack
from ecom_pipeline.orchestration import runs
from ecom_pipeline.realtime import table
from ecom_pipeline.replay import dataset
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect, load

CUSTOMER = "17841"
DAYS = date(2010, 12, 1), date(2011, 12, 9)
_T = TypeVar("_T")
_VALUE = re.compile(rb"(?<![\w.#:-])" + CUSTOMER.encode() + rb"(?:\.0)?(?![\w.-])")
_KEY = re.compile(rb"CUSTOMER#" + CUSTOMER.encode() + rb"(?!\d)")


def main(path: Path, mode: erase.Mode) -> None:
    """Run it all, saying what took how long; the asserts are what must hold."""
    configured = _settings(Path(tempfile.mkdtemp(prefix="erase-")))
    emulator, warehouse, _ = stack.services(configured)
    for service in (emulator, warehouse):
        processes.start(service, configured.home)
    try:
        deploy.deploy(configured)
        _story(configured, path, mode)
    finally:
        stack.down(configured)


def _story(configured: Settings, path: Path, mode: erase.Mode) -> None:
    lake = connect.lake(configured)
    stores = Stores(
        lake,
        connect.client(configured, "dynamodb"),
        configured.table,
        connect.warehouse(configured),
    )
    person = DataSubject(CUSTOMER, mode)
    written = _timed("raw", lambda: write_raw(lake, dataset.events(path)))
    click.echo(f"  {sum(written.values()):,} records on {len(written)} days")
    _timed("load", lambda: _load(configured))
    click.echo(f"  {_timed('DynamoDB', lambda: _fill_table(configured, path)):,} lines in DynamoDB")
    report = _timed("erase", lambda: erase.erase(stores, person, datetime.now(UTC)))
    click.echo(f"  {dict(report.before.rows)}\n  {dict(report.after.rows)}\n  {report.seconds}")
    click.echo(f"  {len(report.days)} days; {report.before.shop}\n  {report.after.shop}")
    _must(report.after.is_clean, "see above")
    sums = _sums(stores)
    if mode == "anonymise":
        before, after = report.before.shop, report.after.shop
        _must(_figures(before) == _figures(after), "the shop's totals are other ones")
    _timed("looking everywhere", lambda: _look(configured, stores))
    _timed("every day loaded again", lambda: _load(configured))
    _must(_sums(stores) == sums, "see above")
    again = dataset.events(path, tombstones=tombstones.read(lake))
    _timed("second replay", lambda: write_raw(lake, again))
    _timed("loaded", lambda: _load(configured))
    _must(_sums(stores) == sums, "a replay of the data set changes nothing")
    _timed("as a foreign producer sends them", lambda: write_raw(lake, dataset.events(path)))
    _timed("loaded", lambda: _load(configured))
    _must(_sums(stores) == sums, "nor do events that bring the id with them")
    report = _timed("erased again", lambda: erase.erase(stores, person, datetime.now(UTC)))
    click.echo(f"  {dict(report.before.rows)}\n  {dict(report.after.rows)}")
    _must(report.after.is_clean, "see above")
    _must(_sums(stores) == sums, "see above")
    _timed("looking everywhere", lambda: _look(configured, stores))


def _settings(home: Path) -> Settings:
    return replace(
        settings.LOCAL,
        home=home,
        endpoint_url=f"http://127.0.0.1:{_free_port()}",
        redshift_port=_free_port(),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _figures(totals: Totals) -> tuple[int, int, Decimal]:
    return totals.rows, totals.quantity, totals.amount


def _must(holds: object, what: str) -> None:
    if not holds:
        raise SystemExit(f"it does not hold: {what}")


def _timed(what: str, step: Callable[[], _T]) -> _T:
    began = time.monotonic()
    done = step()
    click.echo(f"{what}: {time.monotonic() - began:.1f} s")
    return done


def _load(configured: Settings) -> None:
    home = runs.local_instance_home(configured.home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        runs.run_days(definitions.build(configured), instance, *DAYS)


def _fill_table(configured: Settings, path: Path) -> int:
    """Put the customer's lines, and as many others', as the store function does."""
    os.environ |= settings.aws_environment(configured) | {"TABLE_NAME": configured.table}
    moment = datetime.now(UTC)
    encoder = msgspec.json.Encoder(decimal_format="number")
    records = [
        Accepted(
            event_id=str(event["event_id"]),
            id_source="producer",
            received_at=moment,
            event=msgspec.Raw(encoder.encode(event)),
        )
        for number, event in dataset.events(path)
        if event["CustomerID"] == CUSTOMER or number % 60 == 0
    ]
    lines = [envelope.line_of(record) for record in records]
    for start in range(0, len(lines), 1000):
        chunk = [(line, moment) for line in lines[start : start + 1000]]
        stored = table.store(chunk, time.monotonic() + 60)
        _must(len(stored.standing) == len(chunk), "see above")
    return len(lines)


def _sums(stores: Stores) -> object:
    return load.fact_totals(stores.warehouse, *DAYS)


def _look(configured: Settings, stores: Stores) -> None:
    """Look for the id as a value in all objects and their versions, items, tables, files."""
    found = erase.find_personal_data(stores, DataSubject(CUSTOMER, "anonymise"))
    _must(found.is_clean, str(found.rows))
    for page in stores.dynamodb.get_paginator("scan").paginate(TableName=configured.table):
        for item in page["Items"]:
            texts = {name: value.get("S", "") for name, value in item.items()}
            _must(texts.get("customer_id") != CUSTOMER, "see above")
            _must(texts.get("customer") != f"CUSTOMER#{CUSTOMER}", "see above")
    for mart in ("daily_sales", "customers", "products", "countries", "returns"):
        names, rows = _table(stores, f"select * from marts.{mart}")  # noqa: S608 - our own names
        at = [n for n, name in enumerate(names) if name == "customer_id"]
        _must(not [row for row in rows for n in at if row[n] == CUSTOMER], str(mart))
    for path in _files(configured.home):
        _must(not _KEY.search(path.read_bytes()), str(path))
        if path.parent.name == "log" or "dagster" in path.parts:
            _must(not _VALUE.search(path.read_bytes()), str(path))


def _table(stores: Stores, statement: str) -> tuple[list[str], list[tuple[object, ...]]]:
    with stores.warehouse.session() as session:
        return session.table(statement)


def _files(home: Path) -> Iterator[Path]:
    """Yield logs, and Dagster's events with the metadata of assets."""
    for folder in (home / "log", home / "dagster"):
        yield from (path for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main(Path(sys.argv[1]), "delete" if "--delete" in sys.argv else "anonymise")
