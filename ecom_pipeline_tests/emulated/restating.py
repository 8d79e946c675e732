"""A shop whose sales come from files: each replay compares, decides, sends, loads."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid5

from ecom_pipeline.domain import keys
from ecom_pipeline.lake import partition
from ecom_pipeline.realtime import archive, query_invoice, store
from ecom_pipeline.reconcile import connect as proof
from ecom_pipeline.reconcile.classify import Watermark
from ecom_pipeline.reconcile.compare import reconcile
from ecom_pipeline.replay import account, dataset
from ecom_pipeline.restate import compare, decide
from ecom_pipeline.restate.decide import Operator
from ecom_pipeline.restate.rows import Selection, Without
from ecom_pipeline.settings import Settings
from ecom_pipeline.table.invoices import InvoiceTable
from ecom_pipeline.warehouse import connect, load, marts
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline_tests.builders import on, stream_of

NOW = datetime(2026, 11, 30, tzinfo=UTC)
NAMESPACE = UUID("11111111-2222-4333-8444-555555555555")


class Sales:
    """A file's events; as from a file, the id is that of the content and its occurrence."""

    undated = 0

    def __init__(self, *rows):
        times = Counter()
        self.events = []
        for row in rows:
            text = json.dumps(row | {"event_id": ""}, sort_keys=True)
            times[text] += 1
            event_id = str(uuid5(NAMESPACE, f"{text}{times[text]}"))
            self.events.append(row | {"event_id": event_id})

    @property
    def name(self):
        return json.dumps(self.events)

    def __iter__(self):
        return iter(enumerate(self.events, 1))


def sale(day, invoice, **changes):
    return on(day, InvoiceNo=invoice, **changes)


def rows_of(sales):
    """Return the events' rows; their prices are as exact as on the wire."""
    texts = ((number, json.dumps(event)) for number, event in sales)
    return account.numbered((n, json.loads(text, parse_float=Decimal)) for n, text in texts)


@dataclass
class Files:
    """The stores of one test, and what a user does with files and commands."""

    settings: Settings
    delivered: list = field(default_factory=list)

    def __post_init__(self):
        self.lake = connect.lake(self.settings)
        self.warehouse = connect.warehouse(self.settings)
        self.dynamodb = connect.client(self.settings, "dynamodb")

    def compare(self, sales, whole=None):
        """Return the table that was asked, and the comparison."""
        table = InvoiceTable(self.dynamodb, self.settings.table)
        return table, compare.compare(
            compare.Stores(table, self.lake),
            Selection(rows_of(sales)),
            lambda: rows_of(whole or sales),
            dataset.is_own_id,
            is_whole=whole is None,
        )

    def replay(self, sales, decision=None):
        """Do what the command does: compare, decide, send; return the comparison."""
        table, found = self.compare(sales)
        unsent = found.stored_elsewhere
        if found.changed:
            if decision is None:
                return found
            operator = Operator("someone", NOW)
            if decision == "leave":
                unsent = unsent | decide.leave(self.lake, found.changed)
            elif decision == "add":
                unsent = unsent | decide.add(self.lake, table, found.changed, operator)
            else:
                decide.restate(self.lake, table, found.changed, operator)
        self.deliver(*(event for _, event in Without(sales, unsent)))
        return found

    def deliver(self, *events):
        """Let both consumers of the stream have events; each call is another batch."""
        if events:
            delivery = stream_of(*events, first=1 + 1000 * len(self.delivered))
            self.delivered.append(events)
            archive.handler(delivery)
            assert store.handler(delivery) == {"batchItemFailures": []}

    def load(self, *days):
        """Load days as a run does; return their manifests and their new versions."""
        made = {day: partition.build(self.lake, day) for day in days}
        assert [each.unaccounted for each in made.values()] == [0] * len(days)
        entries = load.publish(self.warehouse, self.lake, days)
        marts.refresh(self.warehouse, MARTS)
        return made, entries

    def compared(self, first, last=None):
        """Compare all stores; what is missing is missing."""
        mark = Watermark(received=datetime.now(UTC), today=date(2026, 1, 1))
        return reconcile(proof.stores(self.settings), first, last or first, mark)

    def equal(self, first, last=None):
        found = self.compared(first, last)
        return [str(each) for each in found.findings] + found.differences == []

    def lines(self, number):
        """Return what a reader of the invoice gets: product, pieces and price of each line."""
        found = query_invoice.invoice(number, reader=None, receipt=None)
        return sorted(
            (line["stock_code"], line["quantity"], line["unit_price"]) for line in found["lines"]
        )

    def items(self, number):
        (items,) = dict(InvoiceTable(self.dynamodb, self.settings.table).items([number])).values()
        return items

    def header(self, number):
        (header,) = [i for i in self.items(number) if i["sk"]["S"] == keys.HEADER_SK]
        return {name: value["S"] for name, value in header.items()}

    def objects(self, day):
        return [each.key for each in self.lake.raw.objects_of(day)]
