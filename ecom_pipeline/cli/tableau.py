"""ecom tableau: the marts for Tableau, as a workbook on Redshift or with an extract."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecom_pipeline.domain.currency import POUND
from ecom_pipeline.settings import variable
from ecom_pipeline.terminal.options import CURRENCY

if TYPE_CHECKING:
    from ecom_pipeline.domain.currency import Currency

_OUT = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("dist/tableau"),
    show_default=True,
    help="The folder to write to.",
)


@click.group()
def tableau() -> None:
    """The sales dashboard and the marts, for Tableau 2026.1 and newer.

    Example: ecom tableau extract
    """


@tableau.command()
@click.option(
    "--server",
    envvar=variable("redshift_host"),
    default="redshift.example.com",
    show_default=True,
    show_envvar=True,
    help="Redshift's host; it can be changed in Tableau.",
)
@click.option(
    "--port", envvar=variable("redshift_port"), default=5439, show_default=True, show_envvar=True
)
@click.option(
    "--database",
    envvar=variable("redshift_database"),
    default="sales",
    show_default=True,
    show_envvar=True,
)
@click.option(
    "--currency",
    type=CURRENCY,
    envvar=variable("currency"),
    default=POUND.code,
    show_default=True,
    show_envvar=True,
    help="The ISO 4217 code of the shop's currency.",
)
@_OUT
def workbook(server: str, port: int, database: str, currency: "Currency", out: Path) -> None:
    """Write the workbook and a data source for each mart, connected to Redshift.

    They contain no user and no password: Tableau prompts for them. The files in bi/ are written
    without options.

    Example: ecom tableau workbook --server sales.123.eu-west-2.redshift-serverless.amazonaws.com
    """
    from ecom_pipeline.bi.tableau import source
    from ecom_pipeline.bi.tableau import workbook as made

    out.mkdir(parents=True, exist_ok=True)
    for name, content in made.files(source.redshift(server, port, database), currency).items():
        (out / name).write_bytes(content)
        click.echo(out / name)


@tableau.command()
@_OUT
def extract(out: Path) -> None:
    """Write the marts as an extract, and a packaged workbook with it, usable without Redshift.

    Example: ecom tableau extract --out /tmp/sales
    """
    from ecom_pipeline import settings
    from ecom_pipeline.bi import marts
    from ecom_pipeline.bi.tableau import extract as made
    from ecom_pipeline.client import endpoints
    from ecom_pipeline.warehouse import connect

    configured = settings.load()
    endpoints.require(configured)
    tables = marts.read(connect.warehouse(configured))
    for path in made.write(tables.values(), configured.currency, out):
        click.echo(f"{path}: {path.stat().st_size:,} bytes")
    for table in tables.values():
        click.echo(f"{table.mart.table}: {len(table.rows):,} rows")


COMMANDS = [tableau]
