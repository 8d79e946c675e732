"""A drill on the terminal: its progress, a table of all faults, and the summary."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ecom_pipeline.domain.currency import POUND
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local.drill import runner, scenarios
from ecom_pipeline.local.drill.runner import Outcome, Result
from ecom_pipeline.terminal.tables import table


def run(seed: int, days: DayRange, console: Console) -> Result:
    """Run the whole drill and show its progress."""
    started = time.monotonic()
    with _progress(console) as progress:
        task = progress.add_task("starting a separate local AWS", total=None)
        with runner.world(seed) as world:
            progress.update(task, description="replaying sample sales")
            world.replay(days, Path(world.settings.home), lambda _count: None)
            every = runner.in_any_order(scenarios.every(), seed)
            progress.update(task, description="faults", total=len(every))
            outcomes = runner.run_all(world, every, _outcome_printer(progress))
            progress.update(task, description="comparing all stores over all days")
            result = runner.verify(world, outcomes)
    return replace(result, seconds=time.monotonic() - started)


def _progress(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _outcome_printer(progress: Progress) -> Callable[[Outcome], None]:
    def print_outcome(outcome: Outcome) -> None:
        verdict = "[red]FAILED[/]" if outcome.wrong else "[green]held[/]"
        progress.console.print(f"{verdict} {outcome.fault.name} [dim]{outcome.seconds:.1f} s")
        if outcome.wrong:
            progress.console.print(Text(f"  {outcome.wrong}", style="red"))
        progress.advance(progress.task_ids[0])

    return print_outcome


def show(result: Result, console: Console) -> None:
    """Print each fault, what happened, and whether the invariant held; then the summary."""
    out = table(f"Drill with seed {result.seed}", "fault", "what happened", "invariant")
    for column in out.columns:
        column.justify, column.no_wrap = "left", False
    for each in sorted(result.outcomes, key=lambda one: (one.fault.group, one.fault.name)):
        happened = Text(each.wrong or each.happened)
        out.add_row(each.fault.name, happened, "[red]BROKEN" if each.wrong else "[green]held")
    console.print(out)
    for difference in result.differences:
        console.print(Text(difference, style="red"))
    broken = sum(bool(each.wrong) for each in result.outcomes)
    console.print(
        f"{len(result.outcomes)} faults, {broken} failed, {result.seconds:.0f} s,"
        f" seed {result.seed}"
    )
    console.print(
        f"{result.rows:,} rows, revenue {POUND.aligned(result.revenue)},"
        f" {len(result.differences)} differences"
    )


def as_data(result: Result) -> dict[str, Any]:
    """Return a result as plain data, for scripts."""
    return {
        "seed": result.seed,
        "held": result.held,
        "seconds": round(result.seconds, 1),
        "rows": result.rows,
        "revenue": result.revenue,
        "differences": list(result.differences),
        "faults": [
            {
                "group": each.fault.group,
                "name": each.fault.name,
                "says": each.fault.description,
                "happened": each.happened,
                "wrong": each.wrong,
                "seconds": round(each.seconds, 2),
            }
            for each in result.outcomes
        ],
    }
