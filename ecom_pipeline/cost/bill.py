"""From usage and prices to money: what a million events cost, and what a month does."""

from collections.abc import Iterable
from decimal import Decimal
from math import ceil

import msgspec

from ecom_pipeline.cost.prices import Prices
from ecom_pipeline.cost.units import KEPT, Units
from ecom_pipeline.cost.usage import INGEST_API, MINIMUM_SECONDS, TIMED, Load, Recorded, Usage, Way

MILLION = 1_000_000
DAYS_A_MONTH = Decimal(365) / 12
_SECONDS_A_MONTH = DAYS_A_MONTH * 24 * 3600
_KEPT_AS = {
    "dynamodb_gb_kept": ("dynamodb_gb_months", "dynamodb_recovery_gb_months"),
    "s3_gb_kept": ("s3_gb_months",),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a bill: a part of the line, what is billed, how much of it, and what it costs.

    `exact` units were counted; others are seconds and logs of the machine that measured.
    """

    part: str
    service: str
    what: str
    units: Decimal
    usd: Decimal
    exact: bool


def of_events(way: Way, prices: Prices, events: int = MILLION) -> list[Line]:
    """Return what so many events are billed for once, part by part."""
    return [
        line
        for part, usage in way.parts.items()
        for line in _lines(part, _times(usage.units, Decimal(events) / way.events), prices)
    ]


def total(lines: Iterable[Line]) -> Decimal:
    """Return the sum of a bill."""
    return sum((line.usd for line in lines), Decimal(0))


def ingest_api_share(lines: Iterable[Line]) -> Decimal:
    """Return the share of the API, the firewall before it and the function behind it: 0..1."""
    billed = list(lines)
    return total(line for line in billed if line.part == INGEST_API) / total(billed)


def kept(way: Way, prices: Prices, events: int = MILLION) -> Decimal:
    """Return what so many events cost for each month that they stay in DynamoDB and S3."""
    each = (_kept(usage, prices) for usage in way.parts.values())
    return sum(each, Decimal(0)) * events / way.events


def estimate(usage: Usage, prices: Prices) -> Decimal:
    """Return what counted usage costs once."""
    return total(_lines("", usage.units, prices))


def rpu_seconds(seconds: float, base_rpus: int) -> Decimal:
    """Return what Redshift Serverless bills for work of so long: a minute at least."""
    return base_rpus * max(MINIMUM_SECONDS, Decimal(ceil(seconds)))


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """What a month costs: its events, its loads, and what is paid whatever happens.

    `small_deliveries` is the most that is added because consumers are called before a delivery is
    full; `first_kept` is what a month's events cost in the next one, and each month adds as much.
    """

    events: int
    loads: int
    by_part: dict[str, Decimal]
    small_deliveries: Decimal
    loaded: Decimal
    first_kept: Decimal
    standing: dict[str, Decimal]

    @property
    def fixed(self) -> Decimal:
        """Dollars that no event makes."""
        return sum(self.standing.values(), Decimal(0))

    @property
    def usd(self) -> Decimal:
        """All of it."""
        moving = (*self.by_part.values(), self.small_deliveries, self.loaded, self.first_kept)
        return self.fixed + sum(moving, Decimal(0))


def month(found: Recorded, prices: Prices, *, way: str, events: int, loads: int) -> Month:
    """Return what a month of so many events and loads costs."""
    chosen = found.ways[way]
    lines = of_events(chosen, prices, events)
    return Month(
        events=events,
        loads=loads,
        by_part={part: total(line for line in lines if line.part == part) for part in chosen.parts},
        small_deliveries=_small_deliveries(found, prices, way, events),
        loaded=loads * _load(found.load, prices, Decimal(events) / max(loads, 1)),
        first_kept=kept(chosen, prices, events)
        + _kept(found.load.usage, prices) * events / found.load.events,
        standing={name: prices.cost(units) for name, units in found.standing.items()},
    )


def _small_deliveries(found: Recorded, prices: Prices, way: str, events: int) -> Decimal:
    """Bound what deliveries that are not full add: a window's end calls a function, too.

    Each is taken to cost what one of the way with one event a request did.
    """
    more = Decimal(0)
    for consumer, seconds in found.windows.items():
        chosen, one = found.ways[way], found.ways["one"].parts[consumer].units
        full = chosen.parts[consumer].units["lambda_requests"] * events / chosen.events
        called = min(Decimal(events), found.shards * _SECONDS_A_MONTH / seconds)
        each = {
            name: n / one["lambda_requests"]
            for name, n in one.items()
            if name.startswith(("lambda", "log", "s3_puts", "sqs"))
        }
        more += max(called - full, Decimal(0)) * prices.cost(each)
    return more


def _load(load: Load, prices: Prices, events: Decimal) -> Decimal:
    """Bound what a load of so many events costs: as the measured one, or in proportion to it."""
    return estimate(load.usage, prices) * max(Decimal(1), events / load.events)


def _lines(part: str, units: Units, prices: Prices) -> list[Line]:
    return [
        Line(
            part=part,
            service=prices.units[name].service,
            what=prices.units[name].what,
            units=n,
            usd=prices.units[name].of(n),
            exact=name not in TIMED,
        )
        for name, n in units.items()
        if not name.endswith(KEPT)
    ]


def _kept(usage: Usage, prices: Prices) -> Decimal:
    stored = {name: n for name, n in usage.units.items() if name.endswith(KEPT)}
    return sum(
        (prices.units[price].of(n) for name, n in stored.items() for price in _KEPT_AS[name]),
        Decimal(0),
    )


def _times(units: Units, factor: Decimal) -> Units:
    return {name: n * factor for name, n in units.items()}
