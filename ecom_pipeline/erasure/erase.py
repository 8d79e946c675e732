"""Erase a customer from every store, in steps that can be interrupted and repeated.

The tombstone is written first, so that no concurrent build restores the customer. It also stores
the days to rebuild: after the redaction of raw they could not be found again. The erasure of each
store is in the module of its name. The id is never stored, logged or part of an error.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, get_args

from msgspec import structs

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.tombstone import Mode, Tombstone
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.erasure import csv_parts, fact, failed, raw, table
from ecom_pipeline.erasure.raw import Touched
from ecom_pipeline.lake import partition, tombstones
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.warehouse import ledger, load, marts, migrations, proposal
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline.warehouse.session import Warehouse

_AT_ONCE = 4
_EVER = date(1900, 1, 1), date(9999, 12, 31)
_RECORDS = {
    "raw": keys.RAW,
    "quarantine": keys.QUARANTINE,
    "replayed": keys.REPLAYED,
    "discarded": keys.DISCARDED,
}


@dataclass(frozen=True, slots=True)
class DataSubject:
    """The customer to erase, and the mode: anonymise or delete."""

    customer_id: str = field(repr=False)
    mode: Mode

    def mode_of(self, customer_id: str) -> Mode | None:
        return self.mode if customer_id == self.customer_id else None


@dataclass(frozen=True, slots=True)
class Stores:
    """All stores that contain personal data."""

    lake: Lake
    dynamodb: Any
    table: str
    warehouse: Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """A customer's records in the stores, and the totals of the whole shop.

    `rows` is the number of records by store, `objects` the objects of the raw bucket by prefix.
    """

    rows: Mapping[str, int]
    days: frozenset[date]
    invoices: frozenset[str]
    objects: Mapping[str, tuple[Touched, ...]]
    shop: Totals

    @property
    def is_clean(self) -> bool:
        return not any(self.rows.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of an erasure: stores before and after, rebuilt days, seconds by step."""

    mode: Mode
    before: PersonalData
    after: PersonalData
    days: tuple[date, ...]
    seconds: Mapping[str, float]


def find_personal_data(stores: Stores, person: DataSubject) -> PersonalData:
    """Find a customer in all stores; nothing is written, except pending schema migrations."""
    migrations.migrate(stores.warehouse)
    objects = {
        name: raw.scan(stores.lake, prefix, person.customer_id, person.mode_of)
        for name, prefix in _RECORDS.items()
    }
    csv = csv_parts.rows(stores.lake, person.customer_id)
    facts = fact.find(stores.warehouse, person.customer_id)
    invoices = facts.invoices | {no for each in objects["raw"] for no in each.invoices}
    items = table.find(stores.dynamodb, stores.table, person.customer_id, invoices)
    rows = {name: sum(each.records for each in found) for name, found in objects.items()}
    rows |= {"CSV": sum(csv.values()), "DynamoDB": len(items), "fact": facts.rows}
    rows |= {"marts": facts.mart_rows}
    batches = failed.scan(stores.lake, person.mode_of)
    rows |= {"failed batches": sum(each.records for each in batches)}
    rows |= {"old versions": len(raw.old_versions(stores.lake, person.customer_id))}
    return PersonalData(
        rows=rows,
        days=frozenset(each.day for each in objects["raw"]) | csv.keys() | facts.days,
        invoices=frozenset(invoices | {keys.invoice_no_of(item["pk"]["S"]) for item in items}),
        objects=objects,
        shop=sum(load.fact_totals(stores.warehouse, *_EVER).values(), Totals()),
    )


def erase(
    stores: Stores,
    person: DataSubject,
    moment: datetime,
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """Erase a customer, then search all stores again; it can be interrupted and run again.

    `moment` is the time in the tombstone; `say` is called with the name of each step.
    """
    timed = _Timed(say)
    lake, warehouse = stores.lake, stores.warehouse
    before = timed("looking", lambda: find_personal_data(stores, person))
    tombstone = timed("tombstone", lambda: _write_tombstone(stores, person, moment, before.days))
    steps: dict[str, Callable[[], object]] = {
        "DynamoDB": lambda: table.erase(stores.dynamodb, stores.table, person, before.invoices),
        "raw": lambda: raw.erase(lake, before.objects["raw"], person.mode_of),
        "CSV": lambda: _rebuild(lake, tombstone.days),
        "quarantine": lambda: _redact_quarantine(lake, person),
        "failed batches": lambda: _redact_failed(lake, person),
        "fact": lambda: _publish(warehouse, lake, tombstone.days),
        "marts": lambda: marts.refresh(warehouse, MARTS),
        "vacuum": lambda: fact.vacuum(warehouse),
        "old versions": lambda: _remove_versions(lake, person),
    }
    for name, step in steps.items():
        timed(name, step)
    tombstones.write(lake, person.customer_id, structs.replace(tombstone, days=()))
    after = timed("looking again", lambda: find_personal_data(stores, person))
    return Report(
        mode=person.mode,
        before=before,
        after=after,
        days=tombstone.days,
        seconds=timed.seconds,
    )


class _Timed:
    """Runs steps, reports their names and records their durations in seconds."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.seconds: dict[str, float] = {}
        self._say = say

    def __call__(self, name: str, step: Callable[[], Any]) -> Any:
        self._say(name)
        began = time.monotonic()
        done = step()
        self.seconds[name] = round(time.monotonic() - began, 3)
        return done


def _write_tombstone(
    stores: Stores, person: DataSubject, moment: datetime, found: Iterable[date]
) -> Tombstone:
    """Write the tombstone, with all days that this or an interrupted erasure must rebuild."""
    lake, who = stores.lake, stores.warehouse.by.caller()
    earlier = {mode: tombstones.find(lake, person.customer_id, mode) for mode in get_args(Mode)}
    days = {*found, *(day for each in earlier.values() if each for day in each.days)}
    mine = earlier[person.mode] or Tombstone(mode=person.mode, moment=moment, who=who)
    tombstone = structs.replace(mine, days=tuple(sorted(days)))
    tombstones.write(lake, person.customer_id, tombstone)
    return tombstone


def _rebuild(lake: Lake, days: Iterable[date]) -> None:
    """Rebuild the days that have a committed CSV; other days are not built by an erasure."""
    built = [day for day in days if partition.read_manifest(lake, day) is not None]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda day: partition.build(lake, day), built))


def _redact_quarantine(lake: Lake, person: DataSubject) -> None:
    """Redact records set aside, after the rebuild, which writes quarantine again."""
    for prefix in (keys.QUARANTINE, keys.REPLAYED, keys.DISCARDED):
        found = raw.scan(lake, prefix, person.customer_id, person.mode_of)
        raw.erase(lake, found, person.mode_of)


def _redact_failed(lake: Lake, person: DataSubject) -> None:
    failed.erase(lake, failed.scan(lake, person.mode_of), person.mode_of)


def _remove_versions(lake: Lake, person: DataSubject) -> None:
    raw.remove_plans(lake)
    raw.remove_versions(lake, raw.old_versions(lake, person.customer_id))


def _publish(warehouse: Warehouse, lake: Lake, days: Sequence[date]) -> None:
    with warehouse.session() as session:
        published = ledger.newest(session, days) if days else {}
    if published:
        load.publish(warehouse, lake, sorted(published), cause=proposal.ERASURE)
