"""The whole line once, for a person to watch: events in, both stores filled, the proof printed.

Every step is what a user would run by hand; nothing here knows how a step works.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ecom_pipeline import addresses, definitions
from ecom_pipeline.batch import connect
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.local import deploy, stack
from ecom_pipeline.local.poller import progress as poller
from ecom_pipeline.local.processes import LocalError
from ecom_pipeline.orchestration import runs
from ecom_pipeline.proof import reconcile
from ecom_pipeline.proof.reconcile import Reconciliation
from ecom_pipeline.replay import dataset, sender
from ecom_pipeline.replay.sample import write_sample
from ecom_pipeline.settings import Settings, aws_environment, child_environment, variable

Days = tuple[date, date]

_WAIT_SECONDS = 300
_CONSUMERS = ("store", "archive")
_SHOWN_INVOICES = 5


class _Steps:
    """Says what is being done, and remembers how long each step took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.console.print(f"[bold]{name}[/] ...")
        started = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - started


def run(settings: Settings, csv: Path | None, days: Days | None) -> bool:
    """Run the line and return whether all stores agree; again is fine and changes nothing."""
    console = Console()
    steps = _Steps(console)
    with steps.step("Start the local AWS, deploy infra/"):
        stack.up(settings)
    if csv is None:
        csv = settings.home / "sample.csv.gz"
        with steps.step("Make up some sales"):
            write_sample(csv)
    with steps.step("Replay them as events through the API"):
        summary = _replay(settings, csv, days, console)
    with steps.step("Wait until DynamoDB and the raw lake have them"):
        wait_for(settings, summary.last_sequence)
    first, last = min(summary.days), max(summary.days)
    with steps.step("Run the Dagster assets: CSV, catalog, fact table"):
        load_days(settings, first, last)
    with steps.step("Reconcile every store, day by day"):
        found = compare(settings, first, last, accepted=summary.days)
    console.print()
    show_reconciliation(found, console)
    _show_sales(settings, first, last, console)
    _show_customer(settings, console)
    _show_end(steps)
    return not found.differences


def load_days(settings: Settings, first: date, last: date) -> str:
    """Run the assets of these days in this process and return the run's id."""
    home = runs.local_instance_home(settings.home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return runs.run_days(definitions.build(settings), instance, first, last)


def compare(
    settings: Settings, first: date, last: date, accepted: reconcile.Days | None = None
) -> Reconciliation:
    """Return what each store holds of these days, beside what the API acknowledged."""
    if settings.environment == "local":
        stack.require(settings)
    readers = reconcile.readers(
        connect.lake(settings),
        connect.client(settings, "dynamodb"),
        settings.table,
        connect.warehouse(settings),
    )
    found = reconcile.reconcile(readers, first, last)
    return found if accepted is None else Reconciliation({"accepted": accepted, **found.stores})


def wait_for(settings: Settings, sequences: dict[str, str]) -> None:
    """Wait until both consumers of the local stream have finished these records."""
    stream = deploy.outputs(settings)["StreamName"]
    wanted = [(f"{deploy.STACK}-{name}", stream) for name in _CONSUMERS]
    deadline = time.monotonic() + _WAIT_SECONDS
    while not poller.caught_up(settings.home, sequences, wanted):
        stack.require(settings)
        if time.monotonic() > deadline:
            behind = [name for name in wanted if poller.lag(settings.home, name, sequences)]
            raise LocalError(
                f"after {_WAIT_SECONDS} s {behind} still lag: see .local/log/poller.log"
            )
        time.sleep(0.2)


def _replay(settings: Settings, csv: Path, days: Days | None, console: Console) -> sender.Summary:
    events = dataset.events(csv, days=days)
    target = addresses.producer(settings)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("sending", total=events.count())
        summary = sender.send(
            events, target, on_progress=lambda count: progress.advance(task, count)
        )
    console.print(
        f"  {summary.accepted:,} accepted, {summary.rejected.total():,} rejected,"
        f" {summary.events_per_second:,.0f} events/s"
    )
    return summary


def show_reconciliation(found: Reconciliation, console: Console | None = None) -> None:
    """Print the stores beside each other: per day when few, and in sum."""
    console = console or Console()
    out = Table(title="The stores", title_justify="left", title_style="bold")
    for name in ("store", "days", "rows", "pieces", "revenue", "digest"):
        out.add_column(name, justify="left" if name == "store" else "right")
    for store, days in found.stores.items():
        total = found.total(store)
        filled = sum(sums != Totals() for sums in days.values())
        out.add_row(store, str(filled), *_texts(total))
    console.print(out)
    for difference in found.differences:
        console.print(f"[red]{difference}")
    verdict = f"{len(found.differences)} days differ" if found.differences else "0 differences"
    console.print(f"[bold]{verdict}[/] in {len(found.days)} days, {len(found.stores)} stores\n")


def _texts(totals: Totals) -> tuple[str, ...]:
    return (
        f"{totals.rows:,}",
        f"{totals.quantity:,}",
        f"£{totals.amount:,}",
        f"{totals.digest:x}",
    )


def _show_sales(settings: Settings, first: date, last: date, console: Console) -> None:
    columns = ("invoice_date", "gross", "returned", "net", "invoices", "customers", "lines")
    rows = connect.warehouse(settings).query(
        f"select {', '.join(columns)} from sales.daily_sales"  # noqa: S608 - our own names
        " where invoice_date between %s and %s order by 1",
        [first, last],
    )
    out = Table(title="Daily sales, from the warehouse", title_justify="left", title_style="bold")
    for name in columns:
        out.add_column(name, justify="left" if name == "invoice_date" else "right")
    for row in rows:
        out.add_row(*(f"{cell:,}" if not isinstance(cell, date) else str(cell) for cell in row))
    console.print(out)


def _show_customer(settings: Settings, console: Console) -> None:
    """Ask the API, in real time, for the customer with the most invoices."""
    rows = connect.warehouse(settings).query(
        "select customer_id from sales.fact_invoice_lines where customer_id is not null"
        " group by 1 order by count(distinct invoice_no) desc, 1 limit 1"
    )
    if not rows:
        return
    ((customer,),) = rows
    desk = addresses.service_desk(settings)
    invoices = desk.invoices(customer)
    title = f"Customer {customer}, from the real-time API: {len(invoices)} invoices"
    out = Table(title=title, title_justify="left", title_style="bold")
    out.add_column("invoice")
    out.add_column("date")
    out.add_column("lines", justify="right")
    out.add_column("total", justify="right")
    for each in invoices[:_SHOWN_INVOICES]:
        found = desk.invoice(each["invoice_no"])
        total = f"£{found['total']}"
        out.add_row(each["invoice_no"], each["invoice_date"], str(len(found["lines"])), total)
    console.print(out)


def _show_end(steps: _Steps) -> None:
    out = Table(title="How long it took", title_justify="left", title_style="bold")
    out.add_column("step")
    out.add_column("seconds", justify="right")
    for name, seconds in steps.seconds.items():
        out.add_row(name, f"{seconds:.1f}")
    out.add_row("[bold]all", f"[bold]{sum(steps.seconds.values()):.1f}")
    steps.console.print(out)
    steps.console.print(
        "Next: [bold]make dev[/] opens the lineage in Dagster's UI;"
        ' [bold]ecom sql "select * from sales.daily_sales order by 1"[/] asks the warehouse;'
        " [bold]ecom local down[/] stops it all, and keeps the data."
    )


def lineage_link(port: int) -> str:
    """Return the UI's address with every group of the lineage unfolded."""
    groups = ("lake", "catalog", "warehouse")
    unfolded = "%2C".join(f"ecom_pipeline%40__repository__%3A{group}" for group in groups)
    return f"http://127.0.0.1:{port}/asset-groups?expanded={unfolded}"


def serve(settings: Settings, port: int) -> int:
    """Run the local AWS and `dagster dev` until Ctrl-C; return its exit code."""
    stack.up(settings)
    environment = child_environment(
        aws_environment(settings)
        | {
            "DAGSTER_HOME": str(runs.local_instance_home(settings.home)),
            variable("home"): str(settings.home.resolve()),
        }
    )
    command = [sys.executable, "-m", "dagster", "dev", "--port", str(port), "-w", "workspace.yaml"]
    # the leader of its own process group: started with `&` it would ignore SIGTERM
    process = subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        return process.wait()
