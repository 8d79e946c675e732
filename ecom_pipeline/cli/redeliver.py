"""ecom redeliver: failed batches of the stream's consumers, delivered again."""

from typing import TYPE_CHECKING, Any

import click

from ecom_pipeline.cli.quarantine import configured_settings
from ecom_pipeline.terminal.options import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecom_pipeline.redelivery.redeliver import Found, Outcome


@click.command()
@click.option("--dry-run", is_flag=True, help="Show the failed batches, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def redeliver(*, dry_run: bool, as_json: bool) -> None:
    """Deliver failed batches again: to the function that failed, from the copy in the raw bucket.

    A batch fails when all retries of a stream consumer are exhausted. Fix the cause first. It is
    safe to run again: what is stored already does not change. A redelivered batch moves to
    redelivered/ for 30 days, and its message leaves the queue that holds the alarm. Records of
    customers erased since are left out. Exit 1 when a batch failed again; with --dry-run, when one
    can't be read.

    Example: ecom redeliver --dry-run
    """
    import json
    import sys

    from rich.console import Console

    from ecom_pipeline.lake import connect
    from ecom_pipeline.redelivery import redeliver
    from ecom_pipeline.terminal.progress import progress

    configured = configured_settings()
    lake, queue = connect.lake(configured), connect.failed_batches(configured)
    found = redeliver.find(lake)
    if dry_run:
        click.echo(json.dumps(_listed(found))) if as_json else _show(found)
        sys.exit(1 if any(each.trouble for each in found) else 0)
    functions = connect.client(configured, "lambda")
    with progress("redelivering", len(found), Console(stderr=True)) as on_batch:
        outcomes = redeliver.redeliver(lake, functions, found, on_batch)
    messages = redeliver.clear(lake, queue)
    counts = _counts(outcomes) | {"messages": messages}
    troubles = [each.trouble for each in outcomes if each.trouble]
    if as_json:
        click.echo(json.dumps(counts | {"troubles": troubles}))
    else:
        _show(found)
        _tell(counts, troubles)
    sys.exit(1 if troubles else 0)


def _counts(outcomes: "Sequence[Outcome]") -> dict[str, int]:
    done = [each for each in outcomes if not each.trouble]
    return {
        "batches": len(outcomes),
        "redelivered": len(done),
        "records": sum(each.delivered for each in done),
        "erased": sum(each.erased for each in done),
        "failed": len(outcomes) - len(done),
    }


def _tell(counts: dict[str, int], troubles: "Sequence[str]") -> None:
    from itertools import islice

    for trouble in islice(troubles, 20):
        click.echo(trouble, err=True)
    if len(troubles) > 20:  # noqa: PLR2004 - as above
        click.echo(f"... and {len(troubles) - 20:,} more: --json has them all", err=True)
    left = f", {counts['erased']:,} of erased customers left out" if counts["erased"] else ""
    click.echo(
        f"redelivered {counts['redelivered']:,} of {counts['batches']:,} batches, "
        f"{counts['records']:,} records{left}; {counts['messages']:,} messages deleted"
    )
    if counts["redelivered"]:
        click.echo("next: ecom reconcile over the days of the events")


def _show(found: "Sequence[Found]") -> None:
    """Print the batches by function and cause: how many, with how many records, and when."""
    from itertools import groupby

    from ecom_pipeline.domain.printable import printable

    known = [each.batch for each in found if each.batch is not None]
    known.sort(key=lambda batch: (batch.function, batch.context.condition, batch.timestamp))
    rows: list[tuple[object, ...]] = []
    for (function, cause), group in groupby(known, lambda b: (b.function, b.context.condition)):
        alike = list(group)
        records = sum(batch.batch.batch_size for batch in alike)
        since, until = (f"{batch.timestamp:%Y-%m-%d %H:%M}" for batch in (alike[0], alike[-1]))
        names = printable(function), printable(cause)
        rows.append((*names, f"{len(alike):,}", f"{records:,}", since, until))
    for each in found:
        if each.trouble:
            click.echo(each.trouble, err=True)
    if not found:
        click.echo("no failed batches")
        return
    columns = ["function", "cause", "batches", "records", "first (UTC)", "last (UTC)"]
    show("Failed batches", columns, rows)


def _listed(found: "Sequence[Found]") -> list[dict[str, Any]]:
    return [
        {"key": each.key, "trouble": each.trouble}
        if each.batch is None
        else {
            "key": each.key,
            "function": each.batch.function,
            "cause": each.batch.context.condition,
            "shard": each.batch.batch.shard_id,
            "first": each.batch.batch.start_sequence_number,
            "last": each.batch.batch.end_sequence_number,
            "records": each.batch.batch.batch_size,
            "given_up_at": each.batch.timestamp.isoformat(),
        }
        for each in found
    ]


COMMANDS = [redeliver]
