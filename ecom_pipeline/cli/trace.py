"""ecom trace: one event, or an invoice's events, across all stores."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from ecom_pipeline.cli.quarantine import DAY, configured_settings

if TYPE_CHECKING:
    from ecom_pipeline.settings import Settings
    from ecom_pipeline.trace.trace import Sources


@click.command()
@click.argument("event_id", required=False)
@click.option("--invoice", metavar="NO", help="Its invoice; alone, all events of the invoice.")
@click.option("--day", type=DAY, help="Its invoice date, or the day on which it was received.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def trace(event_id: str | None, invoice: str | None, day: Any, *, as_json: bool) -> None:
    """Show where an event is and was: API, stream, raw, DynamoDB, CSV, fact table, marts.

    Also whether it is late, redelivered, quarantined, restated, retracted, returned, erased, in a
    failed batch, or missing in a store, and how long each hop took. The fact table knows the day of
    a published event. Any other event is found by --invoice or --day, or if it has a recent date.
    Only this day is read. No customer and no sent value is shown. Exit 1 when no store knows the
    event, or a store lacks it.

    Example: ecom trace --invoice 536365
    """
    import msgspec
    from rich.console import Console

    from ecom_pipeline.domain.event import EVENT_ID_PATTERN
    from ecom_pipeline.terminal import traces
    from ecom_pipeline.trace.model import Wanted
    from ecom_pipeline.trace.trace import trace

    if event_id is None and invoice is None:
        raise click.UsageError("give an event id, or --invoice NO")
    if event_id is not None and not EVENT_ID_PATTERN.fullmatch(event_id):
        raise click.UsageError("an event id is 1 to 128 of A-Z a-z 0-9 . _ : -")
    wanted = Wanted(event_id=event_id, invoice_no=invoice, day=day)
    found = trace(_sources(configured_settings()), wanted)
    if as_json:
        click.echo(msgspec.json.encode(found))
    elif event_id is not None:
        traces.show_trace(found, found.traces[0], Console())
    else:
        traces.show_invoice(str(invoice), found, Console())
    code = traces.exit_code(found.traces, found.aside)
    if code and not as_json and not any(each.found for each in found.traces) and day is None:
        click.echo("not found: give --invoice NO, or --day, to look elsewhere", err=True)
    raise SystemExit(code)


def _sources(configured: "Settings") -> "Sources":
    from ecom_pipeline.table.invoices import InvoiceTable
    from ecom_pipeline.trace.stream import Stream
    from ecom_pipeline.trace.trace import Sources
    from ecom_pipeline.warehouse import connect

    name = configured.stream
    return Sources(
        lake=connect.lake(configured),
        table=InvoiceTable(connect.client(configured, "dynamodb"), configured.table),
        warehouse=connect.warehouse(configured),
        stream=Stream(connect.client(configured, "kinesis"), name) if name else None,
        in_flight=timedelta(seconds=configured.in_flight_seconds),
    )


COMMANDS = [trace]
