"""The figures of bench.realtime as a table, printed and written to docs/."""

import os
import platform
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.meter import Counted
from ecom_pipeline.cost import bill
from ecom_pipeline.cost.prices import prices
from ecom_pipeline.cost.usage import recorded

TARGET = Path(__file__).parents[1] / "docs" / "benchmarks-realtime.md"
_HEAD = ("", "the original's way", "ours", "ratio", "bar", "")


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All measurements; each dict is by way, `original` and `ours`."""

    counted: dict[str, Counted]
    accepted: dict[str, float]
    end_to_end: dict[str, float]
    slice_units: dict[str, float]
    whole_units: dict[str, float]
    whole_events: int
    sent: dict[str, int]
    data: str


Row = tuple[str, str, str, str, str, str]


def show(figures: Figures) -> None:
    """Print the table and write the document."""
    rows = _rows(figures)
    table = Table(*_HEAD, title="The real-time path")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(_document(figures, rows))


def _rows(figures: Figures) -> list[Row]:
    theirs, ours = figures.counted["original"], figures.counted["ours"]
    measured = {way: each.write_units / each.events for way, each in figures.counted.items()}
    calls = {"original": theirs.calls_per_thousand, "ours": ours.calls_per_thousand}
    whole = figures.whole_units
    return [
        _row("AWS calls per 1,000 events", calls, "{:,.0f}", bar=50),
        _row("write units per event, measured", measured, "{:.2f}"),
        _row("write units per event, whole file", whole, "{:.2f}", bar=5),
        _row("events/s accepted", figures.accepted, "{:,.0f}", more=True),
        _row("events/s end to end", figures.end_to_end, "{:,.0f}", bar=10, more=True),
        _row("$ per million events, first week", _dollars(), "{:.2f}", bar=4),
        _row("$ per million events, whole file", _whole_dollars(figures), "{:.2f}", bar=4),
    ]


_RECORDED_AS = {"original": "original", "ours": "many"}


def _dollars() -> dict[str, float]:
    """Return the price of each way from `ecom cost`."""
    ways = recorded().ways
    return {
        way: float(bill.total(bill.of_events(ways[name], prices())))
        for way, name in _RECORDED_AS.items()
    }


def _whole_dollars(figures: Figures) -> dict[str, float]:
    """Return the same with the write units of the whole file."""
    price = float(prices().units["dynamodb_write_units"].of(Decimal(bill.MILLION)))
    return {
        way: dollars + (figures.whole_units[way] - _week_units(_RECORDED_AS[way])) * price
        for way, dollars in _dollars().items()
    }


def _week_units(name: str) -> float:
    """Return the write units per event of the recorded week."""
    way = recorded().ways[name]
    units = (part.units.get("dynamodb_write_units", Decimal(0)) for part in way.parts.values())
    return float(sum(units, Decimal(0)) / way.events)


def _row(
    name: str, found: dict[str, float], form: str, *, bar: int | None = None, more: bool = False
) -> Row:
    theirs, ours = found["original"], found["ours"]
    ratio = ours / theirs if more else theirs / ours
    verdict = "" if bar is None else "met" if ratio >= bar else "MISSED"
    wanted = "" if bar is None else f"{bar} times"
    return name, form.format(theirs), form.format(ours), f"{ratio:,.1f}", wanted, verdict


def _document(figures: Figures, rows: list[Row]) -> str:
    sent = figures.sent
    lines = [
        "# The real-time path against the original's way",
        "",
        "Written by `python -m bench.realtime [CSV]`, which runs both on one local AWS, in turn.",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, {figures.data}.",
        "",
        *_markdown((_HEAD, *rows)),
        "",
        f"* Speed: medians of {sent['rounds']} rounds in turn, {sent['original']} events a round"
        f" the original's way, {sent['ours']:,} ours. End to end: both stores have all of them.",
        f"* Calls and units: the same {sent['counted']:,} events, counted by a proxy between the"
        " functions and AWS. A producer's request counts as a call.",
        "* Write units are DynamoDB's ConsumedCapacity, the customers' index included. The"
        f" original's items grow, so the whole file's {figures.whole_events:,} events are computed"
        " by the same rule, which on the counted events gives"
        f" {figures.slice_units['original']:.2f} and {figures.slice_units['ours']:.2f}.",
        "* Dollars are those of `ecom cost` (docs/cost.md), 500 events a request; the whole file's"
        " differ in the write units.",
        "* The emulator has no network and throttles nothing. The original's constant partition"
        " key (one shard, 1,000 records/s) and the TLS handshake of each of its requests cost"
        " nothing here, so the ratios of speed are not AWS's.",
        "* In the original's favour, it skips the customer item of guests, on which it would fail"
        " for ever, and lines that it overwrites count as stored.",
        "",
        "## Calls of the functions per 1,000 events",
        "",
        *_markdown(_calls(figures)),
    ]
    return "\n".join(lines) + "\n"


def _calls(figures: Figures) -> list[tuple[str, ...]]:
    theirs, ours = figures.counted["original"], figures.counted["ours"]
    names = sorted(theirs.calls | ours.calls)

    def each(counted: Counted, calls: Counter[str], name: str) -> str:
        return f"{1000 * calls[name] / counted.events:,.1f}"

    rows = [(n, each(theirs, theirs.calls, n), each(ours, ours.calls, n)) for n in names]
    renamed = [("PutObject" if name == "PUT" else name, *rest) for name, *rest in rows]
    return [("", "the original's way", "ours"), *renamed]


def _markdown(rows: list[tuple[str, ...]] | tuple[tuple[str, ...], ...]) -> list[str]:
    head, *body = rows
    rule = ["---", *("---:" for _ in head[1:])]
    return ["| " + " | ".join(row) + " |" for row in (head, rule, *body)]
