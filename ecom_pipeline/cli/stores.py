"""ecom reconcile, sql, invoice, customer: compare and query the stores."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.terminal.options import DAYS, show
from ecom_pipeline.terminal.reading import reading_options

if TYPE_CHECKING:
    from ecom_pipeline.reconcile.compare import Reconciliation
    from ecom_pipeline.replay.choices import Choices


@click.command()
@click.argument("days", type=DAYS)
@click.option(
    "--sent",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file that was replayed: on these days each store must have each of its rows, and"
    " nothing else. A stored line that the file lacks is told as not in the file.",
)
@click.option(
    "--repair", is_flag=True, help="Repair differences from the raw lake, and compare again."
)
@click.option("--full", is_flag=True, help="Scan DynamoDB, for invoices that raw does not know.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@reading_options
def reconcile(  # noqa: PLR0913 - click passes each option by its name
    days: DayRange,
    sent: Path | None,
    *,
    choices: "Choices",
    repair: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Compare the stores event by event; exit 1 when they differ.

    Totals and digests by day first; where they differ, by bucket of events; where those differ,
    events: missing, extra, changed or duplicated, with the store and the hop that caused it. The
    result is recorded in the warehouse, for sales.data_trust.

    DynamoDB is asked for the days' invoices, or scanned where that costs less. An invoice that raw
    does not know is found by a scan only: each morning Dagster scans a segment of the table, and
    --full scans all of it now.

    Example: ecom reconcile 2010-12-01:2010-12-07 --repair
    """
    from rich.console import Console

    from ecom_pipeline import operations, settings
    from ecom_pipeline.replay.understanding import understand
    from ecom_pipeline.terminal import tables

    configured = settings.load()
    choices = replace(choices, time_zone=configured.time_zone, currency=configured.currency)
    file = None if sent is None else understand(sent, choices)
    found = operations.reconcile_days(configured, days, sent=file, full=full)
    repaired = operations.repair(configured, found) if repair and found.wrong else None
    if repaired is not None:
        for text in tables.finding_lines(found.wrong):
            click.echo(text, err=True)
        click.echo(str(repaired), err=True)
        found = operations.reconcile_days(configured, days, sent=file, full=full)
    if as_json:
        click.echo(_report(found))
    else:
        tables.show_reconciliation(found, configured.currency, Console())
    raise SystemExit(1 if found.differences else 0)


def _report(found: "Reconciliation") -> bytes:
    import msgspec

    return msgspec.json.encode(
        {
            "stores": found.stores,
            "differences": found.differences,
            "findings": found.findings,
            "account": found.account,
            "seconds": found.seconds,
            "reading": str(found.reading) if found.reading else None,
            "read_units": found.read_units,
        }
    )


@click.command()
@click.argument("statement")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table")
def sql(statement: str, form: str) -> None:
    """Run a query in the warehouse.

    A result that is too wide for the terminal is shown row by row, one column a line.

    Example: ecom sql "select * from marts.daily_sales order by 1"
    """
    import csv
    import json
    import sys

    from redshift_connector import ProgrammingError
    from rich.console import Console

    from ecom_pipeline import settings
    from ecom_pipeline.client import endpoints
    from ecom_pipeline.terminal import tables
    from ecom_pipeline.warehouse import connect
    from ecom_pipeline.warehouse.session import WarehouseError, reason

    configured = settings.load()
    endpoints.require(configured)
    with connect.warehouse(configured).session() as session:
        try:
            names, rows = session.table(statement)
        except ProgrammingError as error:  # an error in the statement: no traceback
            raise WarehouseError(reason(error)) from error
        session.commit()
    if form == "json":
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str))
    elif form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([names, *rows])
    else:
        console = Console()
        console.print(tables.answer(names, rows, console.width))


@click.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def invoice(number: str, *, as_json: bool) -> None:
    """Show an invoice, from DynamoDB through the query API.

    Example: ecom invoice 536365
    """
    import json
    from decimal import Decimal

    from ecom_pipeline import settings
    from ecom_pipeline.client import endpoints
    from ecom_pipeline.values import currency

    found = endpoints.query_api(settings.load()).invoice(number)
    if as_json:
        click.echo(json.dumps(found))
        return
    columns = ["stock_code", "description", "quantity", "unit_price", "amount", "kind"]
    if any("sales" in line for line in found["lines"]):
        columns.append("sales")
    buyer = found["customer_id"] or "a guest"
    total = currency(found["currency"]).aligned(Decimal(found["total"]))
    title = f"Invoice {number} of {buyer}, {found['invoice_date']}: {total}"
    lines = [line | {"sales": _sales_of(line)} for line in found["lines"]]
    show(title, columns, [[line.get(c) for c in columns] for line in lines])


def _sales_of(line: dict[str, Any]) -> str:
    """Return the pieces and invoices that a cancelled line is matched to."""
    if line.get("match") == "unknown":
        return "too many invoices"
    parts = [f"{sale['pieces']} of {sale['invoice_no']}" for sale in line.get("sales", ())]
    return ", ".join([*parts, f"{line['unmatched']} unmatched"] if line.get("unmatched") else parts)


@click.command()
@click.argument("customer_id")
@click.option("--items", is_flag=True, help="The most bought articles, instead of the invoices.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def customer(customer_id: str, *, items: bool, as_json: bool) -> None:
    """List a customer's invoices, the newest first, from DynamoDB through the query API.

    Example: ecom customer 17850 --items
    """
    import json

    from ecom_pipeline import settings
    from ecom_pipeline.client import endpoints

    desk = endpoints.query_api(settings.load())
    found = desk.items(customer_id) if items else desk.invoices(customer_id)
    if as_json:
        click.echo(json.dumps(found))
        return
    columns = ["stock_code", "description", "pieces", "spend"]
    columns = columns if items else ["invoice_no", "invoice_date"]
    what = "items, the most pieces first" if items else "invoices, the newest first"
    rows = [[each[column] for column in columns] for each in found]
    show(f"Customer {customer_id}: {len(rows)} {what}", columns, rows)


COMMANDS = [reconcile, sql, invoice, customer]
