"""ecom sample: synthetic data."""

from pathlib import Path

import click


@click.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--days", type=click.IntRange(min=1), default=14, show_default=True)
@click.option("--rows-per-day", type=click.IntRange(min=1), default=1700, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same bytes.")
def sample(out: Path, days: int, rows_per_day: int, seed: int) -> None:
    """Write synthetic data with the real data set's columns, encoding, shape and anomalies.

    Example: ecom sample sample.csv.gz --days 7
    """
    from ecom_pipeline.local.sample.writer import write_sample

    made = write_sample(out, days=days, rows_per_day=rows_per_day, seed=seed)
    click.echo(f"{out}: {made.rows:,} rows, {made.size:,} bytes")


COMMANDS = [sample]
