"""The stores of an environment, for comparing and for repairing."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from ecom_pipeline.reconcile import verdict
from ecom_pipeline.reconcile.classify import Watermark
from ecom_pipeline.reconcile.model import Store
from ecom_pipeline.reconcile.repair import Writable
from ecom_pipeline.reconcile.stores.csv_parts import CsvStore
from ecom_pipeline.reconcile.stores.fact import FactStore
from ecom_pipeline.reconcile.stores.raw import RawStore
from ecom_pipeline.reconcile.stores.table import TableStore
from ecom_pipeline.reconcile.verdict import SegmentVerdict
from ecom_pipeline.settings import Settings
from ecom_pipeline.table.connect import invoice_table
from ecom_pipeline.warehouse import connect, ledger, migrations


def stores(settings: Settings, *, more: Collection[str] = (), full: bool = False) -> list[Store]:
    """Return the stores in pipeline order; they cache what they read, so use new ones each time.

    `more` are invoices to read in DynamoDB beside those that raw and CSV have; with `full` the
    table is scanned.
    """
    lake = connect.lake(settings)
    raw, parts = RawStore(lake), CsvStore(lake)

    def known() -> dict[date, Counter[str]]:
        days = raw.invoices.keys() | parts.invoices.keys()
        none = Counter[str]()
        return {d: raw.invoices.get(d, none) | parts.invoices.get(d, none) for d in days}

    return [
        raw,
        TableStore(invoice_table(settings), known, more=more, full=full),
        parts,
        FactStore(connect.warehouse(settings)),
    ]


def next_segment(settings: Settings) -> SegmentVerdict:
    """Scan the table's next segment; compare, and record, the days that differ."""
    return verdict.of_segment(
        connect.warehouse(settings),
        connect.lake(settings),
        invoice_table(settings),
        lambda invoices: stores(settings, more=invoices),
        watermark(settings),
    )


def watermark(settings: Settings) -> Watermark:
    """Return the watermark before which all events must be in all stores.

    Ask before the stores are read: a load during the comparison then only makes it too lenient.
    """
    in_flight = timedelta(seconds=settings.in_flight_seconds)
    warehouse = connect.warehouse(settings)
    migrations.migrate(warehouse)
    with warehouse.session() as session:
        running = {day: until - in_flight for day, until in ledger.running(session).items()}
    return Watermark(
        received=datetime.now(UTC) - in_flight, today=settings.shop.today(), running=running
    )


def writable(settings: Settings) -> Writable:
    """Return the stores that a repair reads and writes."""
    return Writable(
        connect.lake(settings),
        connect.client(settings, "dynamodb"),
        settings.table,
        connect.warehouse(settings),
    )
