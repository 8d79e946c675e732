"""The sales report as a file."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to; by default beside the local AWS' data.",
)
def report(out: Path | None) -> None:
    """Write the sales report: one HTML page, of the marts and of how far they can be trusted.

    It needs nothing but a browser, no network either.

    Example: ecom report --out sales.html
    """
    from ecom_pipeline import operations, settings

    click.echo(operations.write_report(settings.load(), out).as_uri())


COMMANDS = [report]
