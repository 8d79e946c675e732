"""The price file: the price of each billed unit, with its source and date."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec

PATH = Path(__file__).with_name("prices.toml")


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The list price of a billed unit: `usd` for `per` of them."""

    service: str
    what: str
    usd: Decimal
    per: int
    source: str

    def of(self, units: Decimal) -> Decimal:
        """Return the cost of `units` units in US dollars."""
        return units * self.usd / self.per


class Prices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The prices of a region, looked up on the day `read`; `not_counted` lists what has none."""

    region: str
    currency: str
    read: date
    not_counted: tuple[str, ...]
    units: dict[str, Price]

    def cost(self, usage: dict[str, Decimal]) -> Decimal:
        """Return the cost of units by name in US dollars; KeyError for a unit without a price."""
        return sum((self.units[name].of(n) for name, n in usage.items()), Decimal(0))


@cache
def prices() -> Prices:
    """Return the prices of the package's file."""
    return msgspec.toml.decode(PATH.read_bytes(), type=Prices)
