"""ecom replay, ecom sample: send events, and write synthetic ones."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecom_pipeline.cli import changed
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.terminal.options import DAYS, show
from ecom_pipeline.terminal.reading import reading_options, show_understanding

if TYPE_CHECKING:
    from ecom_pipeline.replay.choices import Choices
    from ecom_pipeline.replay.dataset import Events
    from ecom_pipeline.replay.sender import Pace, Summary, Target
    from ecom_pipeline.replay.understanding import Understanding
    from ecom_pipeline.restate.rows import Without
    from ecom_pipeline.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@reading_options
@click.option("--dry-run", is_flag=True, help="Show what the file means, and send nothing.")
@click.option(
    "--allow-rejects", is_flag=True, help="Send bad rows too: the API keeps them in quarantine."
)
@click.option("--days", type=DAYS, help="Only rows of these invoice dates, both included.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many events.")
@click.option("--batch-size", type=click.IntRange(1, 500), default=500, show_default=True)
@click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True)
@click.option("--rate", type=float, help="At most this many events a second.")
@click.option("--shuffle", "seed", type=int, metavar="SEED", help="In random order, from SEED.")
@changed.option
@click.option("--url", help="The API's URL; by default ECOM_API_URL, or the local API.")
def replay(  # noqa: PLR0913 - click passes each option by its name
    *,
    file: Path,
    choices: "Choices",
    dry_run: bool,
    allow_rejects: bool,
    days: DayRange | None,
    limit: int | None,
    batch_size: int,
    concurrency: int,
    rate: float | None,
    seed: int | None,
    decision: str | None,
    url: str | None,
) -> None:
    """Send a shop's file to the API as events; sending a row again changes nothing.

    FILE is CSV or other delimited text, .xlsx, Parquet or JSON objects, plain or in gzip or zip.
    All of it is read first, and what was understood is shown. Exit 1 when the API rejected rows.

    Example: ecom replay data.csv --days 2010-12-01:2010-12-07
    """
    from ecom_pipeline import settings
    from ecom_pipeline.client import endpoints
    from ecom_pipeline.domain.tombstone import NONE
    from ecom_pipeline.lake import tombstones
    from ecom_pipeline.replay.dataset import Events
    from ecom_pipeline.replay.sender import Pace
    from ecom_pipeline.restate.rows import Without
    from ecom_pipeline.warehouse import connect

    configured = settings.load()
    choices = replace(choices, time_zone=configured.time_zone, currency=configured.currency)
    understood = _understood(file, choices)
    understood.require_sendable(allow_rejects=allow_rejects)
    if dry_run:
        return
    known = _stores_answer(configured, elsewhere=(url or configured.api_url) is not None)
    erased = tombstones.read(connect.lake(configured)) if known else NONE
    events = Events(understood, days=days, limit=limit, seed=seed, tombstones=erased)
    pace = Pace(batch_size=batch_size, concurrency=concurrency, rate=rate)
    target = endpoints.producer(configured, url)
    unsent = _unsent(configured, events, decision) if known else frozenset[str]()
    if not known:
        click.echo("not compared with what is stored: these settings name no running stores")
    sent = Without(events, unsent) if unsent else events
    summary = _send(sent, target, pace, configured.home / "replay")
    _show(summary)
    raise SystemExit(1 if summary.rejected and not allow_rejects else 0)


def _unsent(configured: "Settings", events: "Events", decision: str | None) -> frozenset[str]:
    """Compare the rows with what is stored; return the ids of those not to send."""
    return changed.decided(configured, events.in_file_order(), events.whole(), decision)


def _understood(file: Path, choices: "Choices") -> "Understanding":
    """Read and understand a file, and show what was understood."""
    from rich.console import Console

    from ecom_pipeline.replay.understanding import understand
    from ecom_pipeline.terminal.progress import progress

    with progress("reading rows", None, Console(stderr=True)) as on_rows:
        understood = understand(file, choices, on_rows)
    show_understanding(understood)
    return understood


def _send(events: "Events | Without", target: "Target", pace: "Pace", journals: Path) -> "Summary":
    from rich.console import Console

    from ecom_pipeline.replay import sender
    from ecom_pipeline.terminal.progress import progress

    with progress("sending", events.count(), Console(stderr=True)) as on_progress:
        return sender.send(
            events,
            target,
            pace=pace,
            journal_folder=journals,
            on_progress=on_progress,
        )


def _show(summary: "Summary") -> None:
    click.echo(
        f"sent {summary.sent:,}, accepted {summary.accepted:,}, rejected "
        f"{summary.rejected.total():,}, in {summary.seconds:.1f} s "
        f"({summary.events_per_second:,.0f} events/s)"
    )
    if summary.resumed:
        click.echo(f"{summary.resumed:,} were acknowledged in an earlier, interrupted run")
    if summary.undated:
        click.echo(f"{summary.undated:,} rows have no readable date and were not sent")
    if summary.rejected:
        show("Rejected", ["reason", "events"], summary.rejected.most_common())
        examples = [(e.row, e.field, e.expected, e.got) for e in summary.examples]
        show("First rejected events", ["line", "field", "expected", "got"], examples)


def _stores_answer(configured: "Settings", *, elsewhere: bool) -> bool:
    """Return whether lake and table can be read; with a remote API, the local AWS may not run."""
    from ecom_pipeline.client import endpoints

    if endpoints.local_services(configured).get("aws", True):
        return True
    if not elsewhere:
        endpoints.require(configured)
    return False


COMMANDS = [replay]
