"""Options that say how a shop's file is read, and what was understood of it, for people."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ecom_pipeline.replay.choices import Choices
    from ecom_pipeline.replay.understanding import Understanding

_OPTIONS = (
    click.option(
        "--dates",
        type=click.Choice(["day-first", "month-first", "year-first"]),
        help="The order of a date's numbers, where the file doesn't show it.",
    ),
    click.option(
        "--decimal",
        type=click.Choice(["point", "comma"]),
        help="The decimal mark, where the file doesn't show it.",
    ),
    click.option(
        "--zone",
        type=click.Choice(["convert", "keep"]),
        help="Times with a zone: convert them to the shop's, or keep them as written.",
    ),
    click.option("--midnight", is_flag=True, help="Take dates without a time, at 0:00."),
    click.option(
        "--map",
        "names",
        metavar="KEY=NAME,...|FILE.toml",
        help="Columns with other names, such as InvoiceNo=order_no; or a file of such lines.",
    ),
)


def reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which gets them as `choices`."""

    @wraps(command)
    def with_choices(*args: Any, names: str | None, midnight: bool, **options: Any) -> None:
        chosen = {name: options.pop(name) for name in ("dates", "decimal", "zone")}
        command(*args, choices=_choices(names, chosen | {"midnight": midnight}), **options)

    for option in reversed(_OPTIONS):
        with_choices = option(with_choices)
    return with_choices


def _choices(names: str | None, chosen: dict[str, Any]) -> "Choices":
    """Return the choices; an option goes before the same one in a file."""
    from ecom_pipeline.replay import choices

    given: dict[str, Any] = {}
    if names and names.endswith(".toml"):
        given = choices.from_toml(Path(names))
    elif names:
        given = {"columns": choices.columns_of(names)}
    return choices.Choices(**given | {name: value for name, value in chosen.items() if value})


def show_understanding(file: "Understanding", say: Callable[[str], None] = click.echo) -> None:
    """Print what was understood of a file, in some five lines."""
    from ecom_pipeline.replay import summary

    for line in summary.lines(file):
        say(line)
    for doubt in file.dates.odd:
        say(f"odd: {doubt}")
    for reason, places in summary.bad_rows(file):
        say(f"  bad: {reason}: {places}")
