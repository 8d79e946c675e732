"""Run the whole pipeline once and print each step: send, store, load, reconcile, report.

Every step is the call behind a command that a user can run; how a step works does not belong here.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from ecom_pipeline import operations
from ecom_pipeline.client import endpoints
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local import stack, waiting
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.replay import sender
from ecom_pipeline.replay.dataset import Events
from ecom_pipeline.replay.understanding import understand
from ecom_pipeline.settings import Settings
from ecom_pipeline.terminal import tables
from ecom_pipeline.terminal.progress import progress
from ecom_pipeline.terminal.tables import SHOWN_DAYS, table
from ecom_pipeline.warehouse import connect

_SHOWN_INVOICES = 5
_NEXT = (
    ("make dev", "opens Dagster's UI: lineage, partitions, backfills"),
    ('.venv/bin/ecom sql "select * from marts.daily_sales order by 1"', "queries the warehouse"),
    (".venv/bin/ecom invoice {invoice}", "queries the real-time API; takes any invoice number"),
    (".venv/bin/ecom page {customer}", "opens the customer page, signed in as this customer"),
    ("{report}", "is the sales report: open it in a browser"),
    (".venv/bin/ecom local down", "stops all services and keeps the data in .local/"),
)


class _Steps:
    """Prints the name of each step and records how many seconds it took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.console.print(f"[bold]{name}[/] ...")
        started = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - started


def run(settings: Settings, csv: Path | None, days: DayRange | None) -> bool:
    """Run the pipeline and return whether all stores agree; another run changes nothing.

    Raises:
        SendError: the API accepted none of the events.
    """
    console = Console()
    steps = _Steps(console)
    with steps.step("Start the local AWS, deploy infra/"):
        stack.up(settings)
    if csv is None:
        csv = settings.home / "sample.csv.gz"
        with steps.step("Generate sample sales"):
            write_sample(csv)
    with steps.step("Replay them as events through the API"):
        summary = _replay(settings, csv, days, console)
    with steps.step("Wait until DynamoDB and the raw lake hold them"):
        waiting.wait_for(settings, summary.last_sequence)
    if not summary.days:
        raise sender.SendError("the API accepted none of the events: run `ecom replay` to see why")
    first, last = min(summary.days), max(summary.days)
    with steps.step("Run the Dagster assets: CSV, catalog, fact table"):
        operations.load_days(settings, first, last)
    with steps.step("Reconcile every store, day by day"):
        arrived = replace(settings, in_flight_seconds=0)  # all have arrived
        found = operations.reconcile_days(arrived, DayRange(first, last), accepted=summary.days)
    with steps.step("Write the sales report"):
        report = operations.write_report(settings)
    console.print()
    tables.show_reconciliation(found, settings.currency, console)
    _show_sales(settings, first, last, console)
    _show_end(steps, _show_customer(settings, console) | {"report": report.as_uri()})
    return not found.differences


def _replay(
    settings: Settings, csv: Path, days: DayRange | None, console: Console
) -> sender.Summary:
    understood = understand(csv)
    understood.require_sendable(allow_rejects=False)
    events = Events(understood, days=days)
    target = endpoints.producer(settings)
    with progress("sending", events.count(), console) as on_progress:
        summary = sender.send(events, target, on_progress=on_progress)
    console.print(
        f"  {summary.accepted:,} accepted, {summary.rejected.total():,} rejected,"
        f" {summary.events_per_second:,.0f} events/s"
    )
    return summary


def _show_sales(settings: Settings, first: date, last: date, console: Console) -> None:
    rows = connect.warehouse(settings).query(
        "select invoice_date, gross, returned, net, invoices, lines from marts.daily_sales"
        " where invoice_date between %s and %s order by 1",
        [first, last],
    )
    out = table("Daily sales, from the warehouse", "day", "gross", "returned", "net", "invoices")
    out.add_column("lines", justify="right")
    for day, gross, returned, net, *counts in rows[:SHOWN_DAYS]:
        money = map(settings.currency.aligned, (gross, returned, net))
        out.add_row(str(day), *money, *(f"{count:,}" for count in counts))
    console.print(out)


def _show_customer(settings: Settings, console: Console) -> dict[str, str]:
    """Show the newest invoices of the customer who has most; return the customer and an invoice."""
    rows = connect.warehouse(settings).query(
        "select customer_id from sales.fact_invoice_lines where customer_id is not null"
        " group by 1 order by count(distinct invoice_no) desc, 1 limit 1"
    )
    if not rows:
        return {"customer": "CUSTOMER", "invoice": "NUMBER"}
    ((customer,),) = rows
    desk = endpoints.query_api(settings)
    invoices = desk.invoices(customer)
    title = f"Customer {customer}, from the real-time API: {len(invoices)} invoices, the newest"
    out = table(title, "invoice", "date", "lines", "total")
    for each in invoices[:_SHOWN_INVOICES]:
        found = desk.invoice(each["invoice_no"])
        lines = str(len(found["lines"]))
        total = settings.currency.aligned(Decimal(found["total"]))
        out.add_row(each["invoice_no"], each["invoice_date"], lines, total)
    console.print(out)
    return {"customer": customer, "invoice": invoices[0]["invoice_no"]}


def _show_end(steps: _Steps, shown: dict[str, str]) -> None:
    out = table("Duration", "step", "seconds")
    for name, seconds in steps.seconds.items():
        out.add_row(name, f"{seconds:.1f}")
    out.add_row("[bold]all", f"[bold]{sum(steps.seconds.values()):.1f}")
    steps.console.print(out)
    steps.console.print("Next:")
    for command, does in _NEXT:
        line_of_it = f"  [bold]{command.format(**shown)}[/]  {does}"
        steps.console.print(line_of_it, soft_wrap=True)
