"""What a million events cost at list prices (prices.toml), from what was counted."""

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRICES: dict[str, Any] = tomllib.loads((Path(__file__).parent / "prices.toml").read_text())
_GB_OF_A_FUNCTION = 0.5
_GB_OF_A_MILLION = 1_000_000 / 1024**2  # a record is charged as 1 KB
_STREAM_CALLS = {"PutRecord", "PutRecords"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What some events made AWS do; `calls` are those of the functions, by operation."""

    events: int
    posts: int
    calls: Counter[str]
    invocations: int  # of the consumers
    consumers: int
    write_units: float
    read_units: float

    @property
    def calls_per_thousand(self) -> float:
        return 1000 * (self.posts + self.calls.total()) / self.events


def parts(found: Counted) -> dict[str, float]:
    """Return dollars per million events, by service."""
    consumer_calls = sum(n for name, n in found.calls.items() if name not in _STREAM_CALLS)
    times = PRICES["milliseconds"]
    milliseconds = found.posts * times["ingest_request"] + consumer_calls * times["aws_call"]
    gigabyte_seconds = _GB_OF_A_FUNCTION * milliseconds / 1000
    requests = found.posts + found.invocations
    kinesis = PRICES["kinesis_gb_in"] + found.consumers * PRICES["kinesis_gb_out"]
    each = 1 / found.events  # a price of a million of one is that of one in each of a million
    return {
        "API Gateway": found.posts * each * PRICES["api_requests"],
        "Lambda": requests * each * PRICES["lambda_requests"]
        + gigabyte_seconds * each * 1_000_000 * PRICES["lambda_gb_second"],
        "Kinesis": _GB_OF_A_MILLION * kinesis,
        "DynamoDB": found.write_units * each * PRICES["write_units"]
        + found.read_units * each * PRICES["read_units"],
        "S3": found.calls["PUT"] * each * PRICES["s3_puts"],
    }
