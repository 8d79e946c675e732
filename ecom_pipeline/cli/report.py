"""ecom report: the sales report as a file."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; by default in ECOM_HOME.",
)
def report(out: Path | None) -> None:
    """Write the sales report: one HTML page with the marts' figures and their data quality.

    The page is self-contained: it needs a browser, but no network.

    Example: ecom report --out sales.html
    """
    from ecom_pipeline import operations, settings

    click.echo(operations.write_report(settings.load(), out).as_uri())


COMMANDS = [report]
