"""The bill, from usage and prices: the cost in US dollars of a million events, and of a month."""

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
    """One line of a bill: a stage of the pipeline, the billed unit, its amount and its cost.

    `exact` units were counted; others are seconds and logs, measured on one machine.
    """

    part: str
    service: str
    what: str
    units: Decimal
    usd: Decimal
    exact: bool


def of_events(way: Way, prices: Prices, events: int = MILLION) -> list[Line]:
    """Return the bill of `events` events by stage, without storage."""
    return [
        line
        for part, usage in way.parts.items()
        for line in _lines(part, _times(usage.units, Decimal(events) / way.events), prices)
    ]


def total(lines: Iterable[Line]) -> Decimal:
    """Return the sum of a bill, in US dollars."""
    return sum((line.usd for line in lines), Decimal(0))


def ingest_api_share(lines: Iterable[Line]) -> Decimal:
    """Return the share of the ingest API (API Gateway, WAF, function), from 0 to 1."""
    billed = list(lines)
    return total(line for line in billed if line.part == INGEST_API) / total(billed)


def kept(way: Way, prices: Prices, events: int = MILLION) -> Decimal:
    """Return the storage cost of `events` events in DynamoDB and S3, in US dollars a month."""
    each = (_kept(usage, prices) for usage in way.parts.values())
    return sum(each, Decimal(0)) * events / way.events


def estimate(usage: Usage, prices: Prices) -> Decimal:
    """Return the cost of usage in US dollars, without storage."""
    return total(_lines("", usage.units, prices))


def rpu_seconds(seconds: float, base_rpus: int) -> Decimal:
    """Return the RPU-seconds that Redshift Serverless bills: for a minute at least."""
    return base_rpus * max(MINIMUM_SECONDS, Decimal(ceil(seconds)))


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of a month in US dollars: events by stage, loads, storage and fixed costs.

    `small_deliveries` is the upper bound of the additional cost of partially filled batches.
    `first_kept` is the storage of a month's events; each further month adds the same amount.
    `standing` are the fixed costs.
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
        """The sum of the fixed costs."""
        return sum(self.standing.values(), Decimal(0))

    @property
    def usd(self) -> Decimal:
        """The total cost."""
        moving = (*self.by_part.values(), self.small_deliveries, self.loaded, self.first_kept)
        return self.fixed + sum(moving, Decimal(0))


def month(found: Recorded, prices: Prices, *, way: str, events: int, loads: int) -> Month:
    """Return the cost of a month with this number of events and loads."""
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
    """Return an upper bound of the cost of partially filled batches, sent when a window ends.

    Each is assumed to cost as much as a batch in the measurement with one event a request.
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
    """Return an upper bound of a load's cost: as the measured load, or in proportion to it."""
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
