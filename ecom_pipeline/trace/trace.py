"""Trace an event, or an invoice's events, across all stores. Read-only.

The number of requests depends on the event's day, not on the history: the fact table and the
invoice in DynamoDB know the day; only that day's raw objects and CSV are read. Without a day, raw
lake and quarantine of the last RECENT_DAYS days are searched.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ecom_pipeline.domain import keys
from ecom_pipeline.lake import tombstones
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.realtime import item_shape
from ecom_pipeline.table.invoices import InvoiceTable
from ecom_pipeline.trace import aside, judge, published, raw
from ecom_pipeline.trace.csv_rows import DayCsv
from ecom_pipeline.trace.model import Found, GivenUp, Item, Retraction, SetAside, Trace, Wanted
from ecom_pipeline.trace.raw import RawDay
from ecom_pipeline.trace.stream import Stream
from ecom_pipeline.warehouse.session import Warehouse

RECENT_DAYS = 3


@dataclass(frozen=True, slots=True)
class Sources:
    """What a trace reads; `stream` is None where its name is not known."""

    lake: Lake
    table: InvoiceTable
    warehouse: Warehouse
    stream: Stream | None
    in_flight: timedelta


class _Search:
    """The state of one trace: what was found so far, by event id and by day."""

    def __init__(self, sources: Sources, wanted: Wanted, now: datetime) -> None:
        self.sources, self.wanted, self.now = sources, wanted, now
        self.items: dict[str, Item] = {}
        self.facts = published.Facts()
        self.raw: dict[date, RawDay] = {}
        self.csv: dict[date, DayCsv] = {}
        self.aside: list[SetAside] = []
        self.looked: list[str] = []
        self.notes: list[str] = []
        self._invoices: set[str] = set()
        self._failed: dict[str, list[GivenUp]] | None = None

    def run(self) -> Found:
        """Find the event's day, read that day, then whatever the stores do not explain."""
        wanted, sources = self.wanted, self.sources
        if wanted.invoice_no is not None:
            self._read_invoice(wanted.invoice_no)
        with sources.warehouse.session() as session:
            known = {item.invoice_date for item in self.items.values()}
            self.facts = published.facts(session, wanted, known)
            self.looked.append("fact table")
            for number in sorted(set(self.facts.invoices.values())):
                self._read_invoice(number)
            self._read_raw()
            days = sorted(self.raw)
            self.versions = published.versions(session, days)
            self.returns = published.returns(session, wanted)
        for day in days:
            self._read_csv(day)
        self._read_aside()
        traces = [self._trace(event_id) for event_id in self._ids()]
        return Found(
            traces=tuple(traces),
            aside=() if wanted.event_id is not None else tuple(self.aside),
            looked=tuple(self.looked),
            notes=tuple(self.notes),
        )

    def _read_invoice(self, number: str) -> None:
        if number in self._invoices:
            return
        self._invoices.add(number)
        self.looked.append(f"DynamoDB: invoice {number}")
        for _, items in self.sources.table.items([number], consistent=False):
            for item in items:
                if item_shape.is_header(item):
                    continue
                event_id = keys.event_id_of(item["sk"]["S"])
                if self.wanted.is_wanted(event_id, number):
                    self.items[event_id] = Item(
                        invoice_no=number,
                        invoice_date=item_shape.day_of(item),
                        received_at=datetime.fromisoformat(item[item_shape.RECEIVED_AT]["S"]),
                        retracted=item.get(item_shape.RETRACTED, {}).get("S", ""),
                    )

    def _read_raw(self) -> None:
        """Read the days of the event; the table again for an invoice that only raw knows."""
        erased = tombstones.read(self.sources.lake)
        for day in self._days():
            self.raw[day] = raw.read(self.sources.lake, day, self.wanted, erased)
            self.looked.append(f"raw lake: {day}, {len(self.raw[day].objects)} objects")
            self.notes += self.raw[day].damaged
            for copies in self.raw[day].copies.values():
                for copy in copies:
                    if copy.invoice_no:
                        self._read_invoice(copy.invoice_no)
        if erased:
            gone = sum(mode == "delete" for mode in erased.modes.values())
            self.looked.append(
                f"erasures: {gone} customers deleted; a deleted event leaves no trace, by intent"
            )

    def _days(self) -> list[date]:
        known = {item.invoice_date for item in self.items.values()} | {*self.facts.days.values()}
        if self.wanted.day is not None:
            known.add(self.wanted.day)
        return sorted(known or self._recent())

    def _recent(self) -> list[date]:
        today = self.sources.warehouse.shop.today()
        return [today - timedelta(days=n) for n in range(RECENT_DAYS)]

    def _read_csv(self, day: date) -> None:
        ids = {each for each in self._ids() if self._day_of(each) == day}
        try:
            self.csv[day] = DayCsv(self.sources.lake, day, ids)
        except ManifestError as error:
            self.notes.append(str(error))
            return
        self.notes += self.csv[day].lost

    def _read_aside(self) -> None:
        """Look among what was set aside: for other contents of an event, or for all of it."""
        lake = self.sources.lake
        received = {self.wanted.day} if self.wanted.day is not None else {*self._recent()}
        for event_id, copies in (one for day in self.raw.values() for one in day.copies.items()):
            if self.wanted.event_id is None:
                received |= {c.received_at.date() for c in copies}
                continue
            other = {c.received_at.date() for c in copies if c.content == "conflict"}
            self.aside += aside.conflicts(lake, other, event_id, self.wanted) if other else []
            return  # accepted: what else has its id is another content
        self.aside += aside.records(lake, received, self.wanted)
        days = ", ".join(map(str, sorted(received)))
        self.looked.append(f"quarantine, replayed, discarded: received {days}")

    def _ids(self) -> list[str]:
        """Return the event ids to tell of; the one asked for in any case."""
        if self.wanted.event_id is not None:
            return [self.wanted.event_id]
        in_raw = (event_id for day in self.raw.values() for event_id in day.copies)
        return sorted({*self.items, *self.facts.rows, *in_raw})

    def _day_of(self, event_id: str) -> date | None:
        if event_id in self.facts.days:
            return self.facts.days[event_id]
        days = (day for day, found in self.raw.items() if event_id in found.copies)
        item = self.items.get(event_id)
        return next(days, item.invoice_date if item else None)

    def _trace(self, event_id: str) -> Trace:
        day = self._day_of(event_id)
        found = self.raw.get(day) if day else None
        built = self.csv.get(day) if day else None
        versions = self.versions.get(day) if day else None
        copies = found.copies.get(event_id, []) if found else []
        if self.sources.stream and copies:
            copies = self.sources.stream.placed(event_id, copies, self.now)
        item = self.items.get(event_id)
        numbers = [*(c.invoice_no for c in copies), self.facts.invoices.get(event_id, "")]
        trace = Trace(
            event_id=event_id,
            invoice_no=item.invoice_no if item else next(filter(None, numbers), ""),
            invoice_date=day,
            copies=tuple(copies),
            item=item,
            csv=built.rows.get(event_id) if built else None,
            manifest=built.manifest if built else None,
            fact_rows=self.facts.rows[event_id],
            versions=versions.versions if versions else (),
            marts_version=versions.marts if versions else None,
            retraction=_retraction(found, event_id),
            restates=_restates(found, event_id),
            returns=tuple(self.returns.get(event_id, ())),
            aside=tuple(self.aside) if self.wanted.event_id is not None else (),
            given_up=self._given_up(event_id, lacks=not copies or item is None),
        )
        return judge.judged(trace, self.now, self.sources.in_flight, built.sources if built else {})

    def _given_up(self, event_id: str, *, lacks: bool) -> tuple[GivenUp, ...]:
        """Look into the failed batches, once, if an event is not in both stores."""
        if not lacks:
            return ()
        if self._failed is None:
            self._failed = aside.given_up(self.sources.lake, self.wanted)
            self.looked.append(f"failed batches: the first {aside.MOST_BATCHES}")
        return tuple(self._failed.get(event_id, ()))


def trace(sources: Sources, wanted: Wanted, now: datetime | None = None) -> Found:
    """Trace what is wanted; see Found. Nothing is written."""
    return _Search(sources, wanted, now or datetime.now(UTC)).run()


def _retraction(found: RawDay | None, event_id: str) -> Retraction | None:
    record = found.retractions.get(event_id) if found else None
    if record is None:
        return None
    return Retraction(
        stands=record.stands,
        cause=record.cause,
        at=record.at,
        by=record.by,
        replaced_by=record.replaced_by,
    )


def _restates(found: RawDay | None, event_id: str) -> tuple[str, ...]:
    records = found.retractions.values() if found else ()
    return tuple(r.event_id for r in records if r.replaced_by == event_id and not r.stands)
