"""The rows of a file that differ from what is stored: shown, and decided before a replay sends."""

from typing import TYPE_CHECKING

import click

from ecom_pipeline.terminal.options import show

if TYPE_CHECKING:
    from ecom_pipeline.replay.dataset import Events
    from ecom_pipeline.restate.compare import Comparison, FieldChange
    from ecom_pipeline.restate.decide import Operator
    from ecom_pipeline.settings import Settings
    from ecom_pipeline.table.invoices import InvoiceTable

option = click.option(
    "--changed",
    "decision",
    type=click.Choice(["leave", "restate", "add"]),
    help="What to do with rows that were changed since they were sent: leave the stored lines, or"
    " restate: take them back and send the new ones. Add is as leave, but rows that are stored"
    " under another invoice number are sent as sales of their own. Without it, nothing is sent.",
)


def decided(
    configured: "Settings", selected: "Events", whole: "Events", decision: str | None
) -> frozenset[str]:
    """Compare a file's rows with the stores, carry out the decision, and return what not to send.

    `selected` are the rows to send, `whole` all rows; the answer is event ids. Ends the command
    with exit code 1 when rows changed and there is no decision.
    """
    from ecom_pipeline.replay import account, dataset
    from ecom_pipeline.restate import compare
    from ecom_pipeline.restate.rows import Selection
    from ecom_pipeline.table.connect import invoice_table
    from ecom_pipeline.terminal.tables import counted
    from ecom_pipeline.warehouse import connect

    table = invoice_table(configured)
    found = compare.compare(
        compare.Stores(table, connect.lake(configured)),
        Selection(account.numbered(selected)),
        lambda: account.numbered(whole),
        dataset.is_own_id,
        is_whole=selected.name == whole.name,
    )
    _say_known(found, len(table.requests))
    unsent = frozenset(found.stored_elsewhere)
    if not found.changed:
        return unsent
    _show(found)
    if decision is None:
        click.echo(
            f"ecom: {counted(found.lines, 'line')} of {counted(len(found.changed), 'invoice')}"
            " changed since they were sent, so nothing is sent: choose --changed leave (what is"
            " stored stays) or --changed restate (the file's lines take its place)"
            + _or_add(found),
            err=True,
        )
        raise SystemExit(1)
    return unsent | _carry_out(configured, table, found, decision)


def _carry_out(
    configured: "Settings", table: "InvoiceTable", found: "Comparison", decision: str
) -> frozenset[str]:
    """Leave, restate or add the changed invoices; return the event ids of the rows not to send."""
    from ecom_pipeline.restate import decide
    from ecom_pipeline.terminal.tables import counted
    from ecom_pipeline.warehouse import connect

    lake = connect.lake(configured)
    if decision == "add":
        left = decide.add(lake, table, found.changed, _operator(configured))
        click.echo(
            f"left as stored: {counted(len(left), 'changed row')} not sent;"
            f" {counted(found.moved, 'row')} stored under another invoice number added"
        )
        return left
    if decision == "leave":
        left = decide.leave(lake, found.changed)
        click.echo(f"left as stored: {counted(len(left), 'changed row')} not sent")
        return left
    days = decide.restate(lake, table, found.changed, _operator(configured))
    taken = sum(len(invoice.taken) for invoice in found.changed)
    click.echo(
        f"{counted(taken, 'stored line')} taken back, the file's are sent; days to load again: "
        + ", ".join(map(str, days))
    )
    return frozenset()


def _or_add(found: "Comparison") -> str:
    from ecom_pipeline.terminal.tables import counted

    if not found.moved:
        return ""
    may = f"{counted(found.moved, 'line')} may be the same sale under another invoice number"
    return f"; {may}: choose --changed add if each is a sale of its own (both stand)"


def _operator(configured: "Settings") -> "Operator":
    from datetime import UTC, datetime

    from ecom_pipeline.lake import identity
    from ecom_pipeline.restate.decide import Operator

    return Operator(identity.caller(configured), datetime.now(UTC))


def _say_known(found: "Comparison", requests: int) -> None:
    from ecom_pipeline.terminal.tables import counted

    if found.known:
        click.echo(
            f"{found.known:,} of {counted(found.invoices, 'invoice')} stored before, compared in"
            f" {counted(requests, 'request')}"
        )
    if found.stored_elsewhere:
        click.echo(
            f"{counted(len(found.stored_elsewhere), 'row')} stored already under other event ids"
            " are not sent again"
        )


def _show(found: "Comparison") -> None:
    from ecom_pipeline.terminal.tables import counted

    columns = ["row", "invoice", "product", "field", "stored", "in the file"]
    show("Changed since they were sent", columns, [_cells(each) for each in found.shown])
    shown = len({(each.invoice_no, each.row, each.old) for each in found.shown})
    if found.lines > shown:
        click.echo(f"in all {counted(found.lines, 'line')}; the first are shown")


def _cells(change: "FieldChange") -> list[object]:
    return ["" if cell is None else cell for cell in (*change[:-2], *_distinct(*change[-2:]))]


def _distinct(old: str, new: str) -> tuple[str, str]:
    """Return two texts, in quotes and with escapes if they differ by their spaces only."""
    return (repr(old), repr(new)) if old.split() == new.split() else (old, new)
