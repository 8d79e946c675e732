"""`python -m bench.realtime [CSV]`: our real-time path and the original's, on one emulator.

Three rounds in turn for speed, and one of each behind a proxy that counts calls and write units.
Without a CSV, sample data are used. Prints a table and writes docs/benchmarks-realtime.md; then
prints the cost of the functions' cold starts.
"""

import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from bench import cold_start, report, units
from bench.meter import Counted, Meter
from bench.original import deploy as original
from bench.original import producer
from ecom_pipeline import settings
from ecom_pipeline.client import endpoints
from ecom_pipeline.lake.connect import client
from ecom_pipeline.local import deploy, stack
from ecom_pipeline.local.drill.http_proxy import Proxy
from ecom_pipeline.local.poller import progress
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.replay import dataset, sender
from ecom_pipeline.settings import Settings

ROUNDS = 3
COUNTED = 1_000  # events of the counted pass, the same for both
OURS, ORIGINALS = 5_000, 200  # events of a timed round
_FUNCTIONS = tuple(f"{deploy.STACK}-{name}" for name in ("ingest", "store", "archive"))

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Timed:
    """Events a second of one round."""

    accepted: float
    end_to_end: float


class Slice:
    """Some events, in the sender's format."""

    name = "bench"
    undated = 0

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[tuple[int, Event]]:
        yield from enumerate(self._events, 1)


class Bench:
    """Both ways, deployed into one local AWS."""

    def __init__(self, configured: Settings) -> None:
        self.settings = configured
        self.url = original.deploy(configured)
        self.target = endpoints.producer(configured)
        self.stream = deploy.outputs(configured)["StreamName"]

    def ours(self, events: Sequence[Event]) -> Timed:
        """Send in batches, wait for both of our consumers."""
        consumers = [(name, self.stream) for name in _FUNCTIONS[1:]]

        def send() -> dict[str, str]:
            return sender.send(Slice(events), self.target).last_sequence

        return self._timed(len(events), send, consumers)

    def original(self, events: Sequence[Event]) -> Timed:
        """Send one by one, wait for the original's consumer."""

        def send() -> dict[str, str]:
            return {"shardId-000000000000": producer.send(map(plain, events), self.url)}

        return self._timed(len(events), send, [original.CONSUMER])

    def _timed(
        self, count: int, send: Callable[[], dict[str, str]], consumers: list[progress.Consumer]
    ) -> Timed:
        began = time.monotonic()
        sequences = send()
        accepted = time.monotonic() - began
        while not progress.caught_up(self.settings.home, sequences, consumers):
            time.sleep(0.05)
        return Timed(count / accepted, count / (time.monotonic() - began))

    def counted(
        self, way: Callable[[Sequence[Event]], Timed], events: Sequence[Event], batch: int
    ) -> Counted:
        """Send events once with the functions behind a meter."""
        mine = way == self.ours
        names = _FUNCTIONS if mine else original.FUNCTIONS
        meter = Meter()
        with Proxy(str(self.settings.endpoint_url), meter) as proxy:
            self._point(names, proxy.url)
            way(events)
            self._point(names, None)
        return Counted(
            events=len(events),
            posts=-(-len(events) // batch),
            calls=meter.calls,
            write_units=meter.write_units,
        )

    def _point(self, names: Sequence[str], endpoint_url: str | None) -> None:
        """Route the functions' AWS calls through a proxy, or directly for None."""
        lambdas = client(self.settings, "lambda")
        for name in names:
            known = lambdas.get_function_configuration(FunctionName=name).get("Environment", {})
            given = {k: v for k, v in known.get("Variables", {}).items() if k != "AWS_ENDPOINT_URL"}
            if endpoint_url:
                given["AWS_ENDPOINT_URL"] = endpoint_url
            lambdas.update_function_configuration(
                FunctionName=name, Environment={"Variables": given}
            )


def plain(event: Event) -> dict[str, Any]:
    """Return an event as the original's producer has it from pandas: floats, and no id."""
    floats = {k: float(v) if isinstance(v, Decimal) else v for k, v in event.items()}
    return {name: value for name, value in floats.items() if name != "event_id"}


def run(configured: Settings, events: dataset.Events) -> report.Figures:
    """Count and time both ways."""
    rows = [event for _, event in islice(events, COUNTED + ROUNDS * OURS + OURS)]
    first, rest = rows[:COUNTED], rows[COUNTED:]
    bench = Bench(configured)
    bench.original(rest[-20:])  # starts the functions
    bench.ours(rest[-OURS:])
    counted = {
        "original": bench.counted(bench.original, first, 1),
        "ours": bench.counted(bench.ours, first, 500),
    }
    bench.original(rest[-20:])
    bench.ours(rest[-OURS:])
    rounds: dict[str, list[Timed]] = {"original": [], "ours": []}
    for number in range(ROUNDS):
        share = rest[number * OURS : (number + 1) * OURS]
        rounds["original"].append(bench.original(share[:ORIGINALS]))
        rounds["ours"].append(bench.ours(share))
    return report.Figures(
        counted=counted,
        accepted={way: median(each.accepted for each in all_) for way, all_ in rounds.items()},
        end_to_end={way: median(each.end_to_end for each in all_) for way, all_ in rounds.items()},
        slice_units={"original": units.original(map(plain, first)), "ours": units.ours(first)},
        whole_units={
            "original": units.original(plain(event) for _, event in events),
            "ours": units.ours(event for _, event in events),
        },
        whole_events=events.count(),
        sent={"original": ORIGINALS, "ours": OURS, "counted": COUNTED, "rounds": ROUNDS},
        data=events.file.path.name,
    )


def main() -> int:
    """Run with all data in a directory that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        home = Path(folder)
        if len(sys.argv) > 1:
            csv = Path(sys.argv[1])
        else:
            csv = write_sample(home / "sample.csv.gz", days=14).path
        configured = replace(
            settings.LOCAL,
            home=home / "local",
            endpoint_url=f"http://127.0.0.1:{free_port()}",
            redshift_port=free_port(),
        )
        try:
            stack.up(configured)
            figures = run(configured, dataset.events(csv))
        finally:
            stack.down(configured)
    report.show(figures)
    return cold_start.main()


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
