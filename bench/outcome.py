"""Pairs of figures as a table and a picture, printed and written to docs/."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import altair as alt
import pandas as pd
from rich.console import Console
from rich.table import Table

TARGET = Path(__file__).parents[1] / "docs" / "benchmarks-engines.md"
PICTURE = TARGET.parent / "images" / "benchmarks-engines.svg"
_WHOLE_FROM = 100
_BLUE, _GREY = alt.value("#2f6f9f"), alt.value("#b5b5b5")
_HEAD = ("", "against", "ours", "ratio", "bar", "")
_RATIO = _HEAD.index("ratio")


@dataclass(frozen=True)
class Figure:
    """Our figure and another, in the same unit: less is better."""

    name: str
    against: float
    ours: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """A row of the table; the ratio is ours to the other, or how many times less ours is."""
        share, times = self.ours / self.against, self.against / self.ours
        ratio = (
            f"{share:.2f}" if self.at_least is None and share >= 1 else f"{times:,.1f} times less"
        )
        if self.at_most is not None:
            bar, met = f"at most {self.at_most}", share <= self.at_most
        elif self.at_least is not None:
            bar, met = f"{self.at_least:g} times less", times >= self.at_least
        else:
            return (self.name, _short(self.against), _short(self.ours), ratio, "", "")
        verdict = "met" if met else "MISSED"
        return (self.name, _short(self.against), _short(self.ours), ratio, bar, verdict)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= _WHOLE_FROM else f"{value:.2f}"


def show(figures: Sequence[Figure]) -> None:
    """Print a part of the table."""
    table = Table(*_HEAD)
    for each in figures:
        table.add_row(*each.cells)
    Console().print(table)


def rows(figures: Sequence[Figure]) -> list[str]:
    """Return a table in Markdown, line by line."""
    cells = [_HEAD, ("---", *["---:"] * (len(_HEAD) - 1)), *(each.cells for each in figures)]
    return ["| " + " | ".join(row) + " |" for row in cells]


def write(figures: Sequence[Figure], data: str, rounds: int, day: date) -> None:
    """Write the whole table with its picture."""
    lines = [
        "# Raw to CSV to warehouse",
        "",
        "Written by `python -m bench.engines [CSV]`; ways in turn, in one run, medians of"
        f" {rounds}. {day}, {platform.machine()}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, {data}.",
        "",
        *rows(figures),
        "",
        f"![The same as bars](images/{PICTURE.name})",
        "",
        "* Raw to CSV: from a folder to a folder, each way a program, its start included. The",
        "  limit reads, gunzips, parses each line (msgspec), gzips the same output (igzip) and",
        "  writes it, in one process. It creates no rows and neither validates nor deduplicates.",
        "* pandas and the original neither validate nor quarantine, and use floats for money.",
        "* S3 to S3 uses an emulator, whose work is in the seconds, but not in the CPU seconds.",
        "  Spark runs on this machine, so the figures show its overhead, not its scaling.",
        "* CSV to table is into the local Redshift: one PostgreSQL behind a proxy that reads S3,",
        "  and psql straight into the same PostgreSQL. A day is a part, far smaller than the",
        "  files COPY is made for: with one for each day, the requests to S3 are half of the time.",
        "* A backfill's steps are its assets and checks, called one after another. Dagster writes",
        "  two events per asset and day to its storage, in batches.",
    ]
    TARGET.write_text("\n".join(lines) + "\n")
    _draw(figures)


def _draw(figures: Sequence[Figure]) -> None:
    """Draw how many times as much as ours the others take, on a log scale from 1."""
    frame = pd.DataFrame(
        {"way": each.name, "times ours": each.against / each.ours, "ratio": each.cells[_RATIO]}
        for each in figures
    )
    base = alt.Chart(frame).encode(
        x=alt.X("times ours:Q", scale=alt.Scale(type="log"), title="times what ours takes"),
        y=alt.Y("way:N", sort=None, title=None, axis=alt.Axis(labelLimit=620)),
    )
    bars = base.mark_bar(cornerRadius=2).encode(
        x2=alt.datum(1),  # a log scale has no 0
        color=alt.condition("datum['times ours'] >= 1", _BLUE, _GREY),
    )
    ratios = (
        base.mark_text(align="left", dx=4)
        .encode(x=alt.X("end:Q"), text="ratio:N")
        .transform_calculate(end="max(1, datum['times ours'])")
    )
    (bars + ratios).properties(width=420).save(str(PICTURE))
