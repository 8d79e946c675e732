"""The stores of an environment, as comparing reads them and a repair writes them."""

from datetime import UTC, datetime, timedelta

from ecom_pipeline.domain import shop
from ecom_pipeline.reconcile.classify import Watermark
from ecom_pipeline.reconcile.model import Store
from ecom_pipeline.reconcile.repair import Writable
from ecom_pipeline.reconcile.stores.csv_parts import CsvStore
from ecom_pipeline.reconcile.stores.fact import FactStore
from ecom_pipeline.reconcile.stores.raw import RawStore
from ecom_pipeline.reconcile.stores.table import TableStore
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect


def stores(settings: Settings) -> list[Store]:
    """Return the stores in the order of the line; they remember what they read: take new ones."""
    lake = connect.lake(settings)
    return [
        RawStore(lake),
        TableStore(connect.client(settings, "dynamodb"), settings.table),
        CsvStore(lake),
        FactStore(connect.warehouse(settings)),
    ]


def watermark(settings: Settings) -> Watermark:
    """Return what must have come everywhere by now."""
    arrived = datetime.now(UTC) - timedelta(seconds=settings.in_flight_seconds)
    return Watermark(received=arrived, today=shop.today())


def writable(settings: Settings) -> Writable:
    """Return what a repair reads and writes."""
    return Writable(
        connect.lake(settings),
        connect.client(settings, "dynamodb"),
        settings.table,
        connect.warehouse(settings),
    )
