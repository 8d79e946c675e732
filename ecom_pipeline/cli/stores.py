"""ecom load, reconcile, sql, invoice, customer: what the stores hold."""

import click

from ecom_pipeline.cli.options import DAYS, Days, show


@click.command()
@click.argument("days", type=DAYS)
def load(days: Days) -> None:
    """Materialise the days' assets in this process: CSV, catalog, fact table.

    Example: ecom load 2010-12-01:2010-12-07
    """
    from ecom_pipeline import line, settings

    run = line.load_days(settings.load(), *days)
    click.echo(f"loaded {days[0]} to {days[1]} in run {run}")


@click.command()
@click.argument("days", type=DAYS)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def reconcile(days: Days, *, as_json: bool) -> None:
    """Compare the stores day by day; exit 1 when they differ.

    Example: ecom reconcile 2010-12-01:2010-12-07
    """
    import msgspec
    from rich.console import Console

    from ecom_pipeline import line, settings, tables

    found = line.compare(settings.load(), *days)
    if as_json:
        report = {"stores": found.stores, "differences": found.differences}
        click.echo(msgspec.json.encode(report))
    else:
        tables.show_reconciliation(found, Console())
    raise SystemExit(1 if found.differences else 0)


@click.command()
@click.argument("statement")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table")
def sql(statement: str, form: str) -> None:
    """Ask the warehouse, as an analyst sees it.

    Example: ecom sql "select * from marts.daily_sales order by 1"
    """
    import csv
    import json
    import sys

    from ecom_pipeline import line, settings
    from ecom_pipeline.batch import connect

    configured = settings.load()
    line.require(configured)
    with connect.warehouse(configured).session() as session:
        names, rows = session.table(statement)
        session.commit()
    if form == "json":
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str))
    elif form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([names, *rows])
    else:
        show("", names, rows)


@click.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def invoice(number: str, *, as_json: bool) -> None:
    """Show an invoice, asked in real time through the query API.

    Example: ecom invoice 536365
    """
    import json

    from ecom_pipeline import addresses, settings

    found = addresses.service_desk(settings.load()).invoice(number)
    if as_json:
        click.echo(json.dumps(found))
        return
    columns = ["stock_code", "description", "quantity", "unit_price", "amount", "kind"]
    columns += ["of"] if any("of" in line for line in found["lines"]) else []
    buyer = found["customer_id"] or "a guest"
    title = f"Invoice {number} of {buyer}, {found['invoice_date']}: £{found['total']}"
    show(title, columns, [[line.get(c) for c in columns] for line in found["lines"]])


@click.command()
@click.argument("customer_id")
@click.option("--items", is_flag=True, help="What they bought most, instead of their invoices.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def customer(customer_id: str, *, items: bool, as_json: bool) -> None:
    """List a customer's invoices, the newest first, asked in real time through the query API.

    Example: ecom customer 17850 --items
    """
    import json

    from ecom_pipeline import addresses, settings

    desk = addresses.service_desk(settings.load())
    found = desk.items(customer_id) if items else desk.invoices(customer_id)
    if as_json:
        click.echo(json.dumps(found))
        return
    columns = ["stock_code", "description", "pieces", "spend"]
    columns = columns if items else ["invoice_no", "invoice_date"]
    what = "items, the most pieces first" if items else "invoices, the newest first"
    rows = [[each[column] for column in columns] for each in found]
    show(f"Customer {customer_id}: {len(rows)} {what}", columns, rows)


COMMANDS = [load, reconcile, sql, invoice, customer]
