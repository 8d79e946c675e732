"""ecom drill: fault injection, and checks of the invariants."""

import click

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.terminal.options import DAYS


@click.command()
@click.option("--seed", type=int, help="Of order, targets and data; by default, the current time.")
@click.option("--days", type=DAYS, help="Days of the synthetic sales that are loaded first.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def drill(seed: int | None, days: DayRange | None, *, as_json: bool) -> None:
    """Run all fault-injection scenarios on a throwaway local system and check the invariants.

    Exit 1 when an invariant was violated. The same seed injects the same faults.

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
        with interruptible():  # so that SIGINT and SIGTERM also stop the drill's system
            result = report.run(chosen, days or runner.DAYS, console)
    except KeyboardInterrupt:
        raise LocalError("interrupted: the drill's system is stopped and removed") from None
    if as_json:
        click.echo(msgspec.json.encode(report.as_data(result)))
    else:
        report.show(result, console)
    raise SystemExit(0 if result.held else 1)


COMMANDS = [drill]
