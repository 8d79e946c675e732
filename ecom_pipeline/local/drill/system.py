"""The system under test: a local AWS, sample sales, and what each store must hold of them.

A fault takes an unused day from here, sends or delivers events to it and loads it; `check` then
compares all stores. What a fault does is in its module.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any, cast

from ecom_pipeline import operations
from ecom_pipeline.client import endpoints
from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.envelope import Rejected
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.local import waiting
from ecom_pipeline.local.drill import functions
from ecom_pipeline.local.drill.delivery import Event, Producer, delivery, payload, records, sent
from ecom_pipeline.local.drill.http_proxy import Proxy, Rule
from ecom_pipeline.local.drill.registry import require
from ecom_pipeline.local.drill.wire import Rule as WireRule
from ecom_pipeline.local.drill.wire import WarehouseProxy
from ecom_pipeline.local.poller.records import Record
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.realtime import archive, store
from ecom_pipeline.replay import dataset, sender
from ecom_pipeline.replay.account import Account
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect, ledger, load, migrations
from ecom_pipeline.warehouse.session import Warehouse

_FIRST_OWN_DAY, _OWN_DAYS = date(2012, 1, 2), 300
SAMPLE_ROWS = 2_000
_QUARANTINE_SECONDS, _POLL = 15, 0.2


class SystemUnderTest:
    """All that a fault may use, and the account of the accepted events."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        self.seed = seed
        self.random = Random(seed)  # noqa: S311 - the choice of faults, not a secret
        self.account = Account()
        self.producer = Producer(settings)
        self.base: DayRange | None = None
        self._clients: dict[str, Any] = {}
        self._own = self.random.sample(range(_OWN_DAYS), _OWN_DAYS)
        self._touched: set[date] = set()
        self._poison: set[bytes] = set()
        self._quarantined_before: set[str] = set()

    @cached_property
    def lake(self) -> Lake:
        return connect.lake(self.settings)

    @property
    def warehouse(self) -> Warehouse:
        return connect.warehouse(self.settings)

    def client(self, service: str) -> Any:
        """Return a cached boto3 client of the local AWS; to make one is slower than most calls."""
        if service not in self._clients:
            self._clients[service] = connect.client(self.settings, service)
        return self._clients[service]

    # Sending, and the days used.

    def replay(
        self, days: DayRange, folder: Path, on_progress: sender.Progress, rows: int = SAMPLE_ROWS
    ) -> None:
        """Send sample sales of these days through the API, wait, and load them with Dagster.

        `rows` is approximate. After each fault the whole table is read once for each of the fault's
        days,
        so a drill takes longer with more rows.
        """
        count = (days[1] - days[0]).days + 1
        path = write_sample(
            folder / "sample.csv.gz",
            days=count,
            rows_per_day=max(1, rows // count),
            seed=self.seed,
            start=days[0],
        ).path
        events = dataset.events(path, choices=DATA_SET, seed=self.seed)
        target = endpoints.producer(self.settings)
        summary = sender.send(events, target, on_progress=on_progress)
        require(summary.accepted > 0, "the API accepted none of the sample sales")
        waiting.wait_for(self.settings, summary.last_sequence)
        self.account.days |= summary.days
        self.base = days
        self._own = [n for n in self._own if not days[0] <= _own_day(n) <= days[1]]
        operations.load_days(self.settings, *days)

    def day(self) -> date:
        """Return a day that no other fault uses."""
        return self.touch(_own_day(self._own.pop()))

    def two_days(self) -> DayRange:
        """Return two successive days that no other fault uses."""
        first = next(n for n in self._own if n + 1 in self._own)
        for each in (first, first + 1):
            self._own.remove(each)
        return DayRange(self.touch(_own_day(first)), self.touch(_own_day(first + 1)))

    def touch(self, day: date) -> date:
        """Add a day to those that are compared after this fault."""
        self._touched.add(day)
        return day

    def events(self, day: date, count: int | None = None, **changes: object) -> list[Event]:
        """Generate a few events of a day, and expect them in the stores from now on."""
        made = [
            payload(self.random, day, **changes) for _ in range(count or self.random.randint(4, 9))
        ]
        for each in made:
            self.account.add(cast("Event", envelope.decode_json(sent(each))))
        return made

    def poison(self, *originals: bytes) -> None:
        """Expect exactly these bytes in quarantine after this fault."""
        self._poison.update(originals)

    # Delivering and loading.

    def batch(self, events: Sequence[Event]) -> list[Record]:
        """Return events as Kinesis records, with unique sequence numbers."""
        return records(events, self.settings.region)

    def deliver(self, batch: Sequence[Record]) -> None:
        """Deliver a batch to both handlers in this process; none of its records may fail."""
        for consumer in (archive, store):
            require(self.invoke(consumer, batch) == [], f"{consumer.__name__} has failed records")

    def invoke(self, consumer: Any, batch: Sequence[Record], context: object = None) -> list[Any]:
        """Deliver a batch to one handler and return the failures that it reports."""
        with functions.logged(self.settings):
            return consumer.handler(delivery(batch), context)["batchItemFailures"]

    def arrive(self, day: date, count: int | None = None) -> list[Event]:
        """Generate events of a day and deliver them."""
        made = self.events(day, count)
        self.deliver(self.batch(made))
        return made

    def loaded_day(self) -> tuple[date, Totals]:
        """Return a published day with events, and its totals in the fact table."""
        day = self.day()
        self.arrive(day)
        self.load(day)
        return day, self.held(day)

    def load(self, *days: date) -> None:
        """Build the days' CSV and publish them."""
        for day in days:
            partition.build(self.lake, day)
        load.publish(self.warehouse, self.lake, days)

    @contextmanager
    def lake_through(self, rule: Rule) -> Iterator[Lake]:
        """Yield a lake whose calls go through a rule."""
        with Proxy(str(self.settings.endpoint_url), rule) as proxy:
            yield connect.lake(replace(self.settings, endpoint_url=proxy.url))

    @contextmanager
    def warehouse_through(self, rule: WireRule) -> Iterator[Warehouse]:
        """Yield a warehouse whose statements go through a rule."""
        with WarehouseProxy(self.settings.redshift_port, rule) as proxy:
            yield connect.warehouse(replace(self.settings, redshift_port=proxy.port))

    # Invariants.

    def begin(self) -> None:
        """Forget the days and the quarantine of the previous fault."""
        self._touched.clear()
        self._poison.clear()
        self._quarantined_before = self._quarantine()

    def prepare(self) -> None:
        """Migrate the warehouse."""
        migrations.migrate(self.warehouse)

    def held(self, day: date) -> Totals:
        """Return a day's totals in the fact table."""
        return load.fact_totals(self.warehouse, day, day).get(day, Totals())

    def expected(self, day: date) -> Totals:
        """Return the totals of a day's accepted events."""
        return self.account.days.get(day, Totals())

    def version(self, day: date) -> int:
        """Return a day's newest version in the ledger, 0 if there is none."""
        with self.warehouse.session() as session:
            found = ledger.newest(session, [day])
        return found[day].version if day in found else 0

    def must_be_version(self, day: date, version: int) -> None:
        """Raise DrillError unless a day's newest version is this one."""
        found = self.version(day)
        require(found == version, f"{day} is version {found} in the ledger, not {version}")

    def must_hold(self, day: date, totals: Totals) -> None:
        """Raise DrillError unless these are a day's totals in the fact table."""
        found = self.held(day)
        require(found == totals, f"{day}: the fact table holds {found}, not {totals}")

    def check(self) -> None:
        """Compare the used days in all stores, and the quarantined bytes with the expected ones."""
        for day in sorted(self._touched):
            found = operations.compare(self.settings, DayRange(day, day)).differences
            require(not found, f"the stores differ: {'; '.join(map(str, found))}")
            self.must_hold(day, self.expected(day))
        deadline = time.monotonic() + _QUARANTINE_SECONDS
        while self._quarantined() < self._poison and time.monotonic() < deadline:
            time.sleep(_POLL)  # the API returns no sequence number for a rejected event
        wrong = self._quarantined() ^ self._poison
        require(not wrong, f"quarantine differs from the poison: {sorted(wrong)[:3]}")

    def _quarantined(self) -> set[bytes]:
        """Return the original bytes of what was quarantined since the fault began."""
        return {
            envelope.original_bytes(record)
            for key in self._quarantine() - self._quarantined_before
            for data in self.lake.raw.lines(key)
            if isinstance(record := envelope.decode(data), Rejected)
        }

    def _quarantine(self) -> set[str]:
        pages = self.lake.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.settings.raw_bucket, Prefix=keys.QUARANTINE
        )
        return {each["Key"] for page in pages for each in page.get("Contents", [])}


def _own_day(number: int) -> date:
    return _FIRST_OWN_DAY + timedelta(days=number)
