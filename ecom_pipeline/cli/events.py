"""ecom replay, ecom sample: send events, and write synthetic ones."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecom_pipeline.cli import changed
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.terminal.options import DAYS, show

if TYPE_CHECKING:
    from ecom_pipeline.replay.sender import Summary
    from ecom_pipeline.settings import Settings


@click.command()
@click.argument("csv", type=click.Path(path_type=Path))
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
    csv: Path,
    days: DayRange | None,
    limit: int | None,
    batch_size: int,
    concurrency: int,
    rate: float | None,
    seed: int | None,
    decision: str | None,
    url: str | None,
) -> None:
    """Send the data set's rows to the API as events; sending an event again changes nothing.

    Example: ecom replay data.csv --days 2010-12-01:2010-12-07
    """
    from rich.progress import Progress

    from ecom_pipeline import settings
    from ecom_pipeline.client import endpoints
    from ecom_pipeline.domain.tombstone import NONE
    from ecom_pipeline.lake import tombstones
    from ecom_pipeline.replay import dataset, sender
    from ecom_pipeline.restate.rows import Without
    from ecom_pipeline.warehouse import connect

    configured = settings.load()
    known = _stores_answer(configured, elsewhere=(url or configured.api_url) is not None)
    erased = tombstones.read(connect.lake(configured)) if known else NONE
    events = dataset.events(csv, days=days, limit=limit, seed=seed, tombstones=erased)
    pace = sender.Pace(batch_size=batch_size, concurrency=concurrency, rate=rate)
    target = endpoints.producer(configured, url)
    if known:
        selected, whole = events.in_file_order(), events.whole()
        unsent = changed.decided(configured, selected, whole, decision)
        events = Without(events, unsent) if unsent else events
    else:
        click.echo("not compared with what is stored: these settings name no running stores")
    with Progress(transient=True) as progress:
        task = progress.add_task("sending", total=events.count())
        summary = sender.send(
            events,
            target,
            pace=pace,
            journal_folder=configured.home / "replay",
            on_progress=lambda count: progress.advance(task, count),
        )
    _show_summary(summary)


def _show_summary(summary: "Summary") -> None:
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
        show("First rejected events", ["row", "field", "expected", "got"], examples)


def _stores_answer(configured: "Settings", *, elsewhere: bool) -> bool:
    """Return whether lake and table can be read; with a remote API, the local AWS may not run."""
    from ecom_pipeline.client import endpoints

    if endpoints.local_services(configured).get("aws", True):
        return True
    if not elsewhere:
        endpoints.require(configured)
    return False


COMMANDS = [replay]
