"""ecom drill: harm done on purpose, and what holds."""

import click

from ecom_pipeline.cli.options import DAYS
from ecom_pipeline.domain.days import DayRange


@click.command()
@click.option("--seed", type=int, help="Chooses order, victims and data; by default, by the clock.")
@click.option("--days", type=DAYS, help="Of the made-up sales that are there before.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def drill(seed: int | None, days: DayRange | None, *, as_json: bool) -> None:
    """Start a system of its own, go through every fault, and prove that nothing was lost.

    Exit 1 when an invariant did not hold. The same seed does the same harm.

    Example: ecom drill --seed 7
    """
    import time

    import msgspec
    from rich.console import Console

    from ecom_pipeline.local.drill import report, runner
    from ecom_pipeline.local.processes import LocalError
    from ecom_pipeline.local.signals import interruptible

    chosen = int(time.time()) if seed is None else seed
    console = Console(stderr=as_json)
    try:
        with interruptible():  # so that its system is stopped, whatever ends it
            result = report.run(chosen, days or runner.DAYS, console)
    except KeyboardInterrupt:
        raise LocalError("interrupted: the drill's system is stopped and removed") from None
    if as_json:
        click.echo(msgspec.json.encode(report.as_data(result)))
    else:
        report.show(result, console)
    raise SystemExit(0 if result.held else 1)


COMMANDS = [drill]
