"""What was counted, and the recorded measurement that `ecom cost` multiplies by prices."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec

from ecom_pipeline.cost.units import Units, summed

PATH = Path(__file__).with_name("usage.json")
INGEST_API = "front door"
MINIMUM_SECONDS = Decimal(60)  # that Redshift Serverless and a Fargate task bill at least

# what is measured on the machine that ran the measurement, and not counted
TIMED = frozenset(
    {
        "lambda_gb_seconds",
        "log_gb",
        "redshift_rpu_seconds",
        "fargate_vcpu_seconds",
        "fargate_gb_seconds",
    }
)


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Calls by service and operation, and the billed units, by their names in prices.toml.

    Units that end in `_kept` are GB that stay: they are billed each month that they are kept.
    """

    calls: dict[str, int]
    units: Units

    @property
    def requests(self) -> int:
        """How many calls there were."""
        return sum(self.calls.values())

    def __add__(self, other: "Usage") -> "Usage":
        names = sorted(self.calls | other.calls)
        calls = {name: self.calls.get(name, 0) + other.calls.get(name, 0) for name in names}
        return Usage(calls=calls, units=summed([self.units, other.units]))


NOTHING = Usage(calls={}, units={})


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What some events made AWS do, by the part of the line: the front door, the table, the lake.

    `request` and `deliveries` are how many events a request and a consumer's delivery had at most.
    """

    events: int
    request: int
    deliveries: dict[str, int]
    parts: dict[str, Usage]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one load of days did, from raw objects to the marts."""

    events: int
    days: int
    usage: Usage


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement: when, of what, on what machine, and what it found.

    `ways` are ours with many events a request and with one, and the original's; `standing` is what
    is billed for each month, whatever happens; `base_rpus` is Redshift's capacity. `windows` are
    the seconds after which each of the stream's `shards` calls a consumer, be there ever so little
    to deliver. `guard` is made-up events, to see calls grow.
    """

    recorded: date
    data: str
    machine: str
    ways: dict[str, Way]
    load: Load
    standing: dict[str, Units]
    base_rpus: int
    shards: int
    windows: dict[str, int]
    guard: dict[str, Usage]


@cache
def recorded() -> Recorded:
    """Return the measurement of the package's file."""
    return msgspec.json.decode(PATH.read_bytes(), type=Recorded)


def write(found: Recorded) -> None:
    """Make a measurement the recorded one."""
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
