"""`python -m bench.scaling [CSV]`: the load of 10, 100 and 1,000 such shops, and what gives first.

Arithmetic from what infra/ deploys in production, what `ecom cost` has counted and AWS' own limits;
only the stream's shards are simulated. Without a CSV it takes the arrivals that were recorded; with
one it reads and records them. docs/scaling.md holds what it prints.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import ceil
from pathlib import Path
from typing import NamedTuple

from bench import arrivals, infra
from bench.deployed import SHARDS, STAGE
from ecom_pipeline.cost.usage import FRONT_DOOR, recorded
from ecom_pipeline.lake import parts
from ecom_pipeline.lake.buckets import ObjectInfo
from ecom_pipeline.realtime import ingest
from ecom_pipeline.replay import dataset

TIMES = (1, 10, 100, 1_000)
PATIENCE = ingest.PATIENCE_MS / 1000
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
NEW_TABLE, TABLE = 4_000, 40_000
WAF_SECONDS = 300  # the window of its rate rule
DAY_SECONDS = 86_400
_ROUND = 10  # from which a figure needs no fraction

_MANY, _ONE = recorded().ways["many"], recorded().ways["one"]
_HOUR = arrivals.recorded()
_RESOURCES = infra.resources_of(STAGE)


class Limit(NamedTuple):
    """How many events a second something holds, by events a request, and what to turn then."""

    name: str
    many: float
    one: float
    then: str


def seconds(part: str, way: str = "many") -> float:
    """Return how long a run of a part's function took where it was measured."""
    units = recorded().ways[way].parts[part].units
    name = "ingest" if part == FRONT_DOOR else part
    gb = _function(name)["MemorySize"] / 1024
    return float(units["lambda_gb_seconds"] / units["lambda_requests"]) / gb


def a_delivery(part: str) -> float:
    """Return the events of a measured delivery."""
    return _MANY.events / float(_MANY.parts[part].units["lambda_requests"])


def write_units() -> float:
    """Return DynamoDB's write units an event."""
    return float(_MANY.parts["store"].units["dynamodb_write_units"]) / _MANY.events


def raw_bytes() -> float:
    """Return the bytes of an event in the raw lake."""
    return float(_MANY.parts["archive"].units["s3_gb_kept"]) * 2**30 / _MANY.events


def peak(times: int = 1) -> float:
    """Return the events a second of the busiest minute, if all shops have it at once."""
    return _HOUR.busiest_minute / 60 * times


def load() -> Iterator[Sequence[str]]:
    """Yield the first table: what so many shops ask for."""
    rows: tuple[tuple[str, Callable[[int], float]], ...] = (
        ("events on a mean day", lambda n: _HOUR.events / _HOUR.days * n),
        ("events on the busiest day", lambda n: _HOUR.busiest_day * n),
        ("events a second, busiest minute", peak),
        ("requests a second, one event each", peak),
        (f"requests a second, {_MANY.request} events each", lambda n: peak(n) / _MANY.request),
        ("ingest at once, one event a request",
         lambda n: ceil(peak(n) * seconds(FRONT_DOOR, "one"))),
        ("shards, by the mean", lambda n: ceil(peak(n) / arrivals.SHARD_RECORDS)),
        (f"shards, so that nothing waits {PATIENCE:.0f} s", _shards),
        ("store at once", lambda n: ceil(peak(n) * seconds("store") / a_delivery("store"))),
        ("store at once, at most", lambda n: _shards(n) * _at_once("store")),
        ("DynamoDB write units a second", lambda n: peak(n) * write_units()),
        ("raw of the busiest day, MB", lambda n: _HOUR.busiest_day * n * raw_bytes() / 1e6),
        ("its parts: tasks, and files for COPY", _parts),
        ("deliveries to archive that day, by its window",
         lambda n: _shards(n) * DAY_SECONDS / recorded().windows["archive"]),
        (f"events in {_HOUR.days} days, millions", lambda n: _HOUR.events * n / 1e6),
    )  # fmt: skip
    yield ("", *(f"{times:,}x" for times in TIMES))
    for name, of in rows:
        yield (name, *(_number(of(times)) for times in TIMES))


def limits() -> list[Limit]:
    """Return what is set or given, the first that is reached with many events a request first."""
    per_store, per_archive = (a_delivery(each) / seconds(each) for each in ("store", "archive"))
    day = parts.PART_BYTES * parts.MOST_PARTS / raw_bytes() / _HOUR.busiest_day
    found = (
        _by_request("one address, by the web ACL", _waf() / WAF_SECONDS,
                    "WafRequestsPerFiveMinutes"),
        _by_request("the API's rate", _api_rate(), "RequestsPerSecond"),
        Limit("ingest at once", _reserved("ingest") / seconds(FRONT_DOOR) * _MANY.request,
              _reserved("ingest") / seconds(FRONT_DOOR, "one"), "IngestConcurrency"),
        _same(f"a new stream: {SHARDS} shards",
              peak(arrivals.times_for(_HOUR.invoices, SHARDS, PATIENCE)),
              "nothing: it doubles by itself in minutes; warm it before a sale"),
        _same(f"store on {SHARDS} shards", SHARDS * _at_once("store") * per_store,
              "nothing: it grows with the shards; else ParallelizationFactor, up to 10"),
        _same("store at once", _reserved("store") * per_store, "StoreConcurrency"),
        _same(f"archive on {SHARDS} shards", SHARDS * _at_once("archive") * per_archive,
              "nothing: it grows with the shards"),
        _same("archive at once", _reserved("archive") * per_archive, "ArchiveConcurrency"),
        _same("a new table", NEW_TABLE / write_units(),
              "nothing: it doubles by itself in half an hour; warm it before a sale"),
        _same("a table's quota", TABLE / write_units(), "the quota, by a request to AWS"),
        _same(f"a day of {parts.MOST_PARTS} parts", peak() * day,
              "nothing: parts get larger; then partitions by the hour"),
    )  # fmt: skip
    return sorted(found, key=lambda each: each.many)


def tables() -> str:
    """Return both tables and what is reached first, as Markdown."""
    found = limits()
    rows = [
        ("what holds so many times the load", f"{_MANY.request} events a request", "one", "then")
    ]
    rows += [(x.name, _number(x.many / peak()), _number(x.one / peak()), x.then) for x in found]
    return "\n".join((
        *_markdown(list(load())), "", *_markdown(rows), "",
        f"First with {_MANY.request} events a request: {found[0].name}."
        f" First with one: {min(found, key=lambda each: each.one).name}.",
    ))  # fmt: skip


def _by_request(name: str, requests: float, then: str) -> Limit:
    return Limit(name, requests * _MANY.request, requests * _ONE.request, then)


def _same(name: str, events: float, then: str) -> Limit:
    return Limit(name, events, events, then)


@cache
def _shards(times: int) -> int:
    return arrivals.shards_for(_HOUR.invoices, times, PATIENCE, SHARDS)


def _parts(times: int) -> int:
    day = ObjectInfo("", ceil(_HOUR.busiest_day * times * raw_bytes()), "")
    return parts.count([day], parts.PART_BYTES)


def _function(name: str) -> infra.Resources:
    return _RESOURCES[f"{name.capitalize()}Function"]["Properties"]


def _reserved(name: str) -> int:
    return int(_function(name)["ReservedConcurrentExecutions"])


def _mapping(name: str) -> infra.Resources:
    return _RESOURCES[f"{name.capitalize()}FunctionStream"]["Properties"]


def _at_once(name: str) -> int:
    return int(_mapping(name).get("ParallelizationFactor", 1))


def _waf() -> int:
    (acl,) = infra.of_kind(_RESOURCES, "AWS::WAFv2::WebACL").values()
    stated = [each["Statement"] for each in acl["Properties"]["Rules"]]
    (rate,) = [each["RateBasedStatement"] for each in stated if "RateBasedStatement" in each]
    return int(rate["Limit"])


def _api_rate() -> int:
    (plan,) = infra.of_kind(_RESOURCES, "AWS::ApiGateway::UsagePlan").values()
    return int(plan["Properties"]["Throttle"]["RateLimit"])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= _ROUND or value == int(value) else f"{value:.2g}"


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = rows
    rule = ["---", *("---:" for _ in head[1:])]
    return ["| " + " | ".join(row) + " |" for row in (head, rule, *body)]


def main() -> int:
    """Record a CSV's arrivals, or print what follows from the recorded ones."""
    if len(sys.argv) > 1:
        path = Path(sys.argv[1])
        found = arrivals.read(path.name, (event for _, event in dataset.events(path)))
        arrivals.write(found)
    sys.stdout.write(tables() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
