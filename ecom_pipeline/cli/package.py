"""ecom zip: the functions' deployment package."""

from pathlib import Path

import click


@click.command("zip")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
def zip_(out: Path) -> None:
    """Build the functions' zip for Lambda on arm64, reproducibly.

    Example: ecom zip dist/lambda.zip
    """
    from tempfile import TemporaryDirectory

    from ecom_pipeline import packaging

    with TemporaryDirectory() as scratch:
        made = packaging.build_for_lambda(out, Path(scratch))
    click.echo(f"{made}: {made.stat().st_size:,} bytes")


COMMANDS = [zip_]
