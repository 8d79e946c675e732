"""`python -m bench.engines [CSV]`: raw to CSV, CSV to the fact table, growth, queries, a backfill.

One local AWS; ways in turn, medians, ratios. Prints tables and writes docs/benchmarks-engines.md
with a picture. Without a CSV, sample data are used. `--quick` runs each way once.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path

import msgspec

from bench import backfill, contenders, copying, timed
from bench.batch import Side, side
from bench.history import write_raw
from bench.outcome import Figure, show, write
from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.envelope import Accepted
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.replay import dataset
from ecom_pipeline.settings import aws_environment, environment_of
from ecom_pipeline.warehouse import connect

_GROWN_DAY = date(2012, 2, 1)
_TIMES = (1, 10, 50)


@dataclass(frozen=True)
class Bench:
    """The system under test, the days in its raw lake, and the number of rounds."""

    side: Side
    days: list[date]
    folder: Path
    rounds: int

    @property
    def environment(self) -> dict[str, str]:
        configured = self.side.settings
        here = {"PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(Path(__file__).parents[1])}
        return environment_of(configured) | aws_environment(configured) | here

    @property
    def lake(self) -> Lake:
        return connect.lake(self.side.settings)


def history(bench: Bench) -> list[Figure]:
    """Compare ways from raw to CSV for all days, from directory to directory."""
    days = [day.isoformat() for day in bench.days]
    names = ("processes", "limit", "python", "pandas")
    took = _contend(bench, names, days)
    ours = took["processes"]
    name = f"raw to CSV, {len(days)} days"
    return [
        Figure(f"{name}, s (limit, one process)", took["limit"].wall, ours.wall, at_most=1.8),
        Figure(f"{name}, CPU s (limit)", took["limit"].cpu, ours.cpu),
        Figure(f"{name}, s (pandas)", took["pandas"].wall, ours.wall, at_least=3),
        Figure(f"{name}, CPU s (pandas)", took["pandas"].cpu, ours.cpu),
        Figure(f"{name}, s (our reference, one process)", took["python"].wall, ours.wall),
        Figure(f"{name}, CPU s (our reference)", took["python"].cpu, ours.cpu),
    ]


def one_day(bench: Bench) -> list[Figure]:
    """Compare ways from raw to CSV for the busiest day: a daily load."""
    busiest = _busiest(bench)
    files = contenders.write_original(bench.folder, busiest)
    took = _contend(bench, ("processes", "limit", "pandas", "original"), [busiest.isoformat()])
    ours = took["processes"]
    name = f"raw to CSV, {busiest}"
    theirs = f"the original's way, {files:,} files"
    return [
        Figure(f"{name}, s ({theirs})", took["original"].wall, ours.wall, at_least=20),
        Figure(f"{name}, CPU s ({theirs})", took["original"].cpu, ours.cpu),
        Figure(f"{name}, s (pandas)", took["pandas"].wall, ours.wall),
        Figure(f"{name}, s (limit)", took["limit"].wall, ours.wall),
    ]


def _contend(bench: Bench, names: Sequence[str], days: Sequence[str]) -> dict[str, timed.Took]:
    ways = {name: [name, str(bench.folder), *days] for name in names}
    return timed.in_turn("bench.contenders", ways, bench.environment, bench.rounds)


def _busiest(bench: Bench) -> date:
    return max(bench.days, key=lambda day: sum(o.bytes for o in bench.lake.raw.objects_of(day)))


def engines(bench: Bench) -> list[Figure]:
    """Compare our engines from S3 to S3, all days."""
    days = [day.isoformat() for day in bench.days]
    took = {
        name: timed.run("bench.engine", [name, *days], bench.environment)
        for name in ("processes", "python", "spark")
    }
    ours = took["processes"]
    name = f"S3 to S3, {len(days)} days"
    return [
        Figure(f"{name}, s (reference)", took["python"].wall, ours.wall),
        Figure(f"{name}, CPU s (reference)", took["python"].cpu, ours.cpu),
        Figure(f"{name}, s (Spark on this machine)", took["spark"].wall, ours.wall),
        Figure(f"{name}, CPU s (Spark on this machine)", took["spark"].cpu, ours.cpu),
        Figure(f"{name}, peak MB (Spark on this machine)", took["spark"].memory, ours.memory),
    ]


def growth(bench: Bench) -> list[Figure]:
    """Compare a day with the same day of 10 and of 50 times its events."""
    busiest = _busiest(bench)
    took: dict[int, timed.Took] = {}
    for number, times in enumerate(_TIMES):
        day = _GROWN_DAY.replace(day=number + 1)
        _grow(bench.lake, busiest, day, times)
        ways = {"ours": ["processes", day.isoformat()]}
        took[times] = timed.in_turn("bench.engine", ways, bench.environment, bench.rounds)["ours"]
    first = took[_TIMES[0]]
    figures = []
    for times in _TIMES[1:]:
        name = f"{times} times the busiest day (that day)"
        most = 1.3 if times == _TIMES[-1] else None
        figures += [
            Figure(f"{name}, peak MB", first.memory, took[times].memory, at_most=most),
            Figure(f"{name}, CPU s", first.cpu, took[times].cpu),
            Figure(f"{name}, s", first.wall, took[times].wall),
        ]
    return figures


def _grow(lake: Lake, source: date, day: date, times: int) -> None:
    """Write a day with another's events, each `times` times, under other ids."""
    when = f"{day.month}/{day.day}/{day.year}"
    for found in lake.raw.objects_of(source):
        records = [envelope.decode(line) for line in lake.raw.lines(found.key)]
        for copy in range(times):
            moved = (_moved(each, when, copy) for each in records if isinstance(each, Accepted))
            name = found.key.rpartition("/")[2].partition("-")[0]
            key = keys.raw_key(day, "0", name, f"{copy:03d}{found.etag[:6]}")
            lake.raw.write_records(key, moved)


def _moved(record: Accepted, when: str, copy: int) -> Accepted:
    event = msgspec.json.decode(record.event, type=dict[str, msgspec.Raw])
    time = msgspec.json.decode(event["InvoiceDate"], type=str).split(" ")[1]
    event_id = f"{record.event_id}-{when}-{copy}".replace("/", ".")
    changed = {"InvoiceDate": f"{when} {time}", "event_id": event_id}
    encoded = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in changed.items()}
    raw = msgspec.Raw(msgspec.json.encode(event | encoded))
    return msgspec.structs.replace(record, event_id=event_id, event=raw)


def backfill_runs(bench: Bench) -> list[Figure]:
    """Compare one backfill run of all days with its steps alone."""
    first, last = bench.days[0], bench.days[-1]
    took = backfill.seconds(bench.side, (first, last), bench.folder.parent, bench.rounds)
    calendar = (last - first).days + 1
    name = f"one backfill run of {len(bench.days)} days ({calendar} on the calendar), Dagster on"
    return [
        Figure(f"{name} Postgres, s (steps alone)", took["steps"], took["production"], at_most=1.5),
        Figure(f"{name} SQLite, s (steps alone)", took["steps"], took["laptop"], at_most=1.5),
    ]


def copies(bench: Bench) -> list[Figure]:
    r"""Compare COPY with plain \copy, with the driver's bulk insert, and with inserts."""
    rate = copying.rows_per_second(bench.side.settings, bench.days, bench.rounds)
    seconds = {way: 1e6 / each for way, each in rate.items()}
    ours, name = seconds["COPY"], "CSV to table, s per million rows"
    parts = f"COPY of {len(bench.days)} days' parts"
    return [
        Figure(rf"{name} (psql's \copy of the same file)", seconds["psql"], ours, at_most=1.3),
        Figure(f"{name} (the driver's bulk insert)", seconds["bulk"], ours),
        Figure(f"{name} (row inserts)", seconds["rows"], ours, at_least=100),
        Figure(rf"{name}, {parts} (\copy of each)", seconds["psql parts"], seconds["COPY parts"]),
        Figure(
            f"{name}, {parts} (row inserts)", seconds["rows"], seconds["COPY parts"], at_least=100
        ),
    ]


def queries(bench: Bench) -> list[Figure]:
    """Compare an analyst's queries on the marts with the same on the fact table."""
    found = copying.query_seconds(bench.side.settings, bench.rounds)
    return [
        Figure(f"query: {name}, ms (fact table)", fact * 1e3, mart * 1e3)
        for name, (mart, fact) in found.items()
    ]


def main(arguments: Sequence[str]) -> int:
    """Run with all data in directories that are removed at the end."""
    rounds = 1 if "--quick" in arguments else 3
    given = [each for each in arguments if not each.startswith("--")]
    if find_spec("pyspark") is None:  # before minutes of measuring
        sys.exit("bench.engines runs Spark too: uv sync --extra spark, or make bench")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        csv = Path(given[0]) if given else Path(folder) / "sample.csv.gz"
        if not given:
            write_sample(csv, days=14)
        with side(Path(folder)) as started:
            days = sorted(write_raw(connect.lake(started.settings), dataset.events(csv)))
            raw = Path(folder) / "raw"
            raw.mkdir()
            contenders.download(connect.lake(started.settings), days, raw)
            bench = Bench(started, days, raw, rounds)
            parts = (one_day, history, engines, backfill_runs, copies, queries, growth)
            for part in parts:  # show each part when it is done: all take a quarter of an hour
                found = part(bench)
                show(found)
                figures += found
    write(figures, csv.name, rounds, datetime.now(UTC).date())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
