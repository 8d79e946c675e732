"""The data set's hardest hour, as its invoices arrive, and what it does to a stream's shards.

An invoice's lines have one partition key, so they arrive at once and at one shard: the mean rate
says little about the fullest one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import md5
from pathlib import Path
from typing import Any

import msgspec

PATH = Path(__file__).with_suffix(".json")
SHARD_RECORDS = 1_000
"""A second: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html"""
_HASH_BITS = 128  # Kinesis' own: MD5 of the partition key, evenly cut into shards


class Invoice(msgspec.Struct, frozen=True, array_like=True):
    """The minute of the hour in which an invoice arrives, and its lines."""

    minute: int
    lines: int


class Arrivals(msgspec.Struct, frozen=True, kw_only=True):
    """What was read from a file: its size, its busiest day, and the hour of its busiest minute."""

    data: str
    events: int
    days: int
    busiest_day: int
    hour: str
    invoices: tuple[Invoice, ...]

    @property
    def busiest_minute(self) -> int:
        """The most events that arrive in a minute."""
        minutes = Counter[int]()
        for each in self.invoices:
            minutes[each.minute] += each.lines
        return max(minutes.values())

    @property
    def largest_invoice(self) -> int:
        """The most events of one partition key."""
        return max(each.lines for each in self.invoices)


@cache
def recorded() -> Arrivals:
    """Return what was read last."""
    return msgspec.json.decode(PATH.read_bytes(), type=Arrivals)


def write(found: Arrivals) -> None:
    """Make what was read the recorded."""
    PATH.write_bytes(msgspec.json.encode(found) + b"\n")


def read(name: str, events: Iterable[Mapping[str, Any]]) -> Arrivals:
    """Find the hour in events as they are sent; their `InvoiceDate` is M/D/YYYY H:MM."""
    lines = Counter((str(each["InvoiceDate"]), str(each["InvoiceNo"])) for each in events)
    days, minutes = Counter[str](), Counter[str]()
    for (moment, _), count in lines.items():
        days[moment.split()[0]] += count
        minutes[moment] += count
    hour = minutes.most_common(1)[0][0].rpartition(":")[0]
    invoices = (
        Invoice(int(moment.rpartition(":")[2]), count)
        for (moment, _), count in lines.items()
        if moment.rpartition(":")[0] == hour
    )
    return Arrivals(
        data=name,
        events=lines.total(),
        days=len(days),
        busiest_day=max(days.values()),
        hour=hour,
        invoices=tuple(sorted(invoices, key=lambda each: (each.minute, each.lines))),
    )


def longest_wait(invoices: Iterable[Invoice], times: int, shards: int) -> float:
    """Return the seconds until the last record of the unluckiest invoice is taken.

    The hour is had by so many shops at once: each invoice arrives in its minute, at a second of
    its own. A shard takes a second's records at once, and what is above as time passes.
    """
    arriving = []
    for number, each in enumerate(invoices):
        for shop in range(times):
            digest = md5(f"{shop}-{number}".encode(), usedforsecurity=False).digest()
            shard = int.from_bytes(digest, "big") * shards >> _HASH_BITS
            second = 60 * (each.minute + int.from_bytes(digest[8:], "big") / 2**64)
            arriving.append((second, shard, each.lines))
    waiting, seen, longest = [0.0] * shards, [0.0] * shards, 0.0
    for second, shard, count in sorted(arriving):
        left = waiting[shard] - SHARD_RECORDS * (second - seen[shard])
        waiting[shard], seen[shard] = max(0.0, left) + count, second
        longest = max(longest, waiting[shard] / SHARD_RECORDS - 1)
    return longest


def shards_for(invoices: Iterable[Invoice], times: int, seconds: float, least: int) -> int:
    """Return the shards with which nothing waits longer; a stream grows by doubling."""
    held, shards = tuple(invoices), least
    while longest_wait(held, times, shards) > seconds:
        shards *= 2
    return shards


def times_for(invoices: Iterable[Invoice], shards: int, seconds: float) -> int:
    """Return how many shops at once so many shards hold before something waits longer."""
    held, low, high = tuple(invoices), 1, 2
    while longest_wait(held, high, shards) <= seconds:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if longest_wait(held, middle, shards) <= seconds:
            low = middle
        else:
            high = middle
    return low
