"""ecom sweep, plan, load: the days to load, the dry run of a load, and the load."""

from decimal import Decimal

import click

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.terminal.options import DAYS, SHARE, show


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def sweep(*, as_json: bool) -> None:
    """List all days with unpublished raw objects, and what each lacks; exit 1 if there are any.

    Dagster does the same each morning, for new and recent days and, by turns, for older ones.

    Example: ecom sweep
    """
    import json

    from ecom_pipeline import operations, settings

    found = operations.unpublished_days(settings.load())
    if as_json:
        click.echo(json.dumps({day.isoformat(): what for day, what in found.items()}))
    elif found:
        show("To load with ecom load", ["day", "what it lacks"], list(found.items()))
    else:
        click.echo("every raw object is published")
    raise SystemExit(1 if found else 0)


@click.command()
@click.argument("days", type=DAYS)
@click.option("--bound", type=SHARE, help="The share of a day; by default ECOM_LOAD_BOUND.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def plan(days: DayRange, bound: Decimal | None, *, as_json: bool) -> None:
    """Show the changes that a load of these days would make in the warehouse (dry run).

    Exit 1 when `ecom load` or a run in Dagster would not load all of them as they are: a published
    day would change by more than the bound, breaks a rule of the rows, or can't be built.

    Example: ecom plan 2010-12-01:2010-12-07 --bound 0.2
    """
    import msgspec

    from ecom_pipeline import operations, settings

    configured = settings.load()
    found = operations.plan_days(configured, *days, bound)
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        from rich.console import Console

        from ecom_pipeline.terminal.tables import show_plan

        show_plan(found, configured.shop, Console())
    raise SystemExit(1 if found.reasons or found.refused or found.unbuilt else 0)


@click.command()
@click.argument("days", type=DAYS)
@click.option("--approve", default="", metavar="PLAN", help="Load a held change, by its plan id.")
@click.option("--verbose", "-v", is_flag=True, help="Show stages, retries and waits.")
def load(days: DayRange, approve: str, *, verbose: bool) -> None:
    """Materialize the days' assets: CSV, catalog, fact table, then the marts.

    With ECOM_DAGSTER_URL the run is submitted to that Dagster and launched by its daemon. Without
    it the run is executed in this process and recorded in the local Dagster instance. An approval
    is recorded with your identity. Today is loaded, up to now, only with ECOM_INTRADAY_MINUTES.

    Example: ecom load 2010-12-01:2010-12-07
    """
    from contextlib import nullcontext

    from ecom_pipeline import operations, settings
    from ecom_pipeline.terminal import logging

    configured = settings.load()
    with logging.shown() if verbose else nullcontext():
        run = operations.load_days(configured, *days, approve, click.echo)
    click.echo(f"loaded {days.first} to {days.last} in run {run}")
    if configured.running_days and (until := operations.running_until(configured, days.last)):
        click.echo(f"{days.last} is not over: loaded until {until:%H:%M}")


COMMANDS = [sweep, plan, load]
