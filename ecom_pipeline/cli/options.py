"""What several commands share: days, settings, the API's address, tables."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import click

Days = tuple[date, date]


class DayRange(click.ParamType):
    """A:B, both included, or one day."""

    name = "A:B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Days:
        if isinstance(value, tuple):
            return value
        first, _, last = value.partition(":")
        try:
            days = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            self.fail(f"{value!r}: expected YYYY-MM-DD:YYYY-MM-DD", param, ctx)
        if days[0] > days[1]:
            self.fail(f"{value!r}: the first day is after the last", param, ctx)
        return days


DAYS = DayRange()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; what looks like a number is aligned as one."""
    from rich.console import Console
    from rich.table import Table

    cells = [[str(cell) for cell in row] for row in rows]
    out = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for n, name in enumerate(columns):
        numeric = all(row[n].lstrip("-£")[:1].isdigit() for row in cells)
        out.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        out.add_row(*row)
    Console().print(out)
