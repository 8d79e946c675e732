"""The record of the shop whose days are loaded, compared with the settings' shop.

Rows are the same in any time zone and any currency, so a changed setting would mix days of two
meanings in silence: a load refuses it, `ecom doctor` and `ecom status` tell it.
"""

from datetime import date
from typing import NamedTuple

from ecom_pipeline.domain.shop import Shop
from ecom_pipeline.warehouse.session import Session, WarehouseError

_TABLE = "sales.shop"


class ShopChangedError(WarehouseError):
    """The settings' time zone or currency is not that of the loaded days."""


class Difference(NamedTuple):
    """A setting that differs from the record, and the remedy."""

    setting: str
    what: str
    todo: str

    def __str__(self) -> str:
        return f"{self.what}; {self.todo}"


def adopt(session: Session, shop: Shop) -> None:
    """Record the shop at its first load, and an earlier first day; the caller commits.

    Raises:
        ShopChangedError: days are loaded of another time zone or currency.
    """
    require(session, shop)
    held = _held(session)
    first = min(shop.first_day, held.first_day) if held else shop.first_day
    wanted = _record(shop)._replace(first_day=first)
    if held != wanted:
        session.run(f"delete from {_TABLE}")
        session.run(f"insert into {_TABLE} values (%s, %s, %s)", wanted)


def require(session: Session, shop: Shop) -> None:
    """Check that the loaded days are of the shop's time zone and currency.

    Raises:
        ShopChangedError: they are of others.
    """
    changed = [each for each in differences(session, shop) if each.setting != "first_day"]
    if changed:
        raise ShopChangedError("; or ".join(map(str, changed)))


def differences(session: Session, shop: Shop) -> list[Difference]:
    """Return the settings that differ from those of the loaded days; none before a load."""
    return _changed(_held(session), shop)


class _Record(NamedTuple):
    time_zone: str
    currency: str
    first_day: date


def _record(shop: Shop) -> _Record:
    return _Record(str(shop.time_zone), str(shop.currency), shop.first_day)


def _held(session: Session) -> _Record | None:
    """Return the record; None while no day is loaded."""
    sql = f"select time_zone, currency, first_day from {_TABLE}"
    rows = session.rows(f"{sql} where exists (select 1 from sales.load_ledger)")
    return _Record(*rows[0]) if rows else None


def _changed(held: _Record | None, shop: Shop) -> list[Difference]:
    if held is None:
        return []
    return [
        _difference(name, before, now)
        for name, before, now in zip(_Record._fields, held, _record(shop), strict=True)
        if before != now
    ]


def _difference(name: str, before: object, now: object) -> Difference:
    setting = f"ECOM_{name.upper()}"
    what = f"{setting} is {now}, but the loaded days are of {before}"
    if name == "first_day":
        what = f"{setting} is {now}, but days are loaded from {before} on"
    restore = f"set {setting}={before}"
    accept = f"ecom sql \"update {_TABLE} set {name} = '{now}'\""
    return Difference(name, what, f"{restore}, or accept the change for all days: {accept}")
