"""What a morning's sweep costs: its seconds and its requests to S3, by the days of history."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from rich.progress import track

from bench.history import write_raw
from ecom_pipeline.lake.engines.process_engine import ProcessEngine
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect, load, migrations, sweep

_FIRST, _MORNING = date(2011, 1, 1), date(2026, 1, 1)


def mornings(
    short: Settings, long: Settings, days: tuple[int, int], rounds: int
) -> tuple[list[float], list[float]]:
    """Return the medians of seconds and of requests to S3: of the short history and of the long.

    The systems are new; each gets its number of `days`, and sweeps in turn.
    """
    for system, count in zip((short, long), days, strict=True):
        _publish(system, count)
    pairs = [(_sweep(short), _sweep(long)) for _ in range(rounds + 1)][1:]
    by_system = list(zip(*pairs, strict=True))
    seconds = [median(each[0] for each in found) for found in by_system]
    return seconds, [median(each[1] for each in found) for found in by_system]


def _publish(settings: Settings, count: int) -> None:
    """Publish `count` days of one event each."""
    lake, warehouse = connect.lake(settings), connect.warehouse(settings)
    migrations.migrate(warehouse)
    days = [_FIRST + timedelta(days=n) for n in range(count)]
    write_raw(lake, _events(days))
    built = ProcessEngine(settings).build(days)
    for _ in track(built, description=f"{count:,} days", total=count):
        pass
    load.publish(warehouse, lake, days)


def _events(days: list[date]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, day in enumerate(days, 1):
        when = f"{day.month}/{day.day}/{day.year} 12:00"
        texts = {"InvoiceNo": f"9{day:%y%m%d}", "StockCode": "1", "Country": "France"}
        numbers = {"Quantity": 1, "UnitPrice": Decimal("1.5")}
        yield number, {"event_id": str(day), "InvoiceDate": when, **texts, **numbers}


def _sweep(settings: Settings) -> tuple[float, int]:
    """Return the seconds of a sweep that finds nothing, and its requests to S3."""
    lake, warehouse = connect.lake(settings), connect.warehouse(settings)
    sent: list[str] = []
    lake.s3.meta.events.register("before-send.s3", lambda **_: sent.append(""))
    began = time.monotonic()
    found = sweep.behind_in_turn(lake, warehouse, _MORNING)
    seconds = time.monotonic() - began
    if found:
        raise AssertionError(f"the sweep found unpublished days: {found}")
    return seconds, len(sent)
