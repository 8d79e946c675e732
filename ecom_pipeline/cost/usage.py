"""Usage of AWS, and the recorded measurement that `ecom cost` multiplies by prices."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec

from ecom_pipeline.cost.units import Units, summed

PATH = Path(__file__).with_name("usage.json")
INGEST_API = "front door"
MINIMUM_SECONDS = Decimal(60)  # billed at least, by Redshift Serverless and for a Fargate task

# units that depend on the machine of the measurement, unlike counted ones
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
    """Calls by service and operation, and the billed units by their names in prices.toml.

    Units that end in `_kept` are GB of storage: they are billed for each month.
    """

    calls: dict[str, int]
    units: Units

    @property
    def requests(self) -> int:
        """The number of calls."""
        return sum(self.calls.values())

    def __add__(self, other: "Usage") -> "Usage":
        names = sorted(self.calls | other.calls)
        calls = {name: self.calls.get(name, 0) + other.calls.get(name, 0) for name in names}
        return Usage(calls=calls, units=summed([self.units, other.units]))


NOTHING = Usage(calls={}, units={})


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of a number of events by stage: ingest API ("front door"), stream, table, lake.

    `request` and `deliveries` are the maximum events of a request and of each consumer's batch.
    """

    events: int
    request: int
    deliveries: dict[str, int]
    parts: dict[str, Usage]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """The usage of one load of days, from raw objects to the marts."""

    events: int
    days: int
    usage: Usage


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement: its date, data, machine and results.

    `ways` are this project's way with many events a request and with one, and the original's.
    `standing` are the units billed each month independently of events; `base_rpus` is Redshift's
    capacity. `windows` are the batch windows in seconds: each of the stream's `shards` calls a
    consumer after that time, even when there is little to deliver. `guard` is the usage of
    synthetic events, to detect growing numbers of calls.
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
    """Return the measurement in usage.json."""
    return msgspec.json.decode(PATH.read_bytes(), type=Recorded)


def write(found: Recorded) -> None:
    """Write a measurement to usage.json."""
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
