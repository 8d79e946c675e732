"""ecom demo, ecom dev: the whole pipeline on this machine."""

from pathlib import Path

import click

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local.commands.services import listing_what_runs
from ecom_pipeline.terminal.options import DAYS


@click.command()
@click.option(
    "--csv", type=click.Path(path_type=Path), help="The Kaggle file; by default, synthetic data."
)
@click.option("--days", type=DAYS, help="Only these invoice dates, both included.")
def demo(csv: Path | None, days: DayRange | None) -> None:
    """Run the whole pipeline: local AWS, events through the API, both stores, reconciliation.

    Example: ecom demo --csv data.csv.gz --days 2010-12-01:2010-12-07
    """
    from ecom_pipeline import settings
    from ecom_pipeline.local.demo import run

    configured = settings.load()
    with listing_what_runs(configured):
        agree = run(configured, csv, days)
    raise SystemExit(0 if agree else 1)


@click.command()
@click.option("--port", type=int, default=3000, show_default=True)
def dev(port: int) -> None:
    """Start the local AWS and Dagster's UI; Ctrl-C stops Dagster, the local AWS keeps running.

    Example: ecom dev
    """
    from ecom_pipeline import settings

    configured = settings.load()
    with listing_what_runs(configured):
        from ecom_pipeline.local.dev import lineage_link, serve

        click.echo(f"the lineage: {lineage_link(port)}")
        click.echo("a customer's own page: ecom page CUSTOMER")
        code = serve(configured, port)
    raise SystemExit(code)


COMMANDS = [demo, dev]
