"""The stores of an environment, for comparing and for repairing."""

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
    """Return the stores in pipeline order; they cache what they read, so use new ones each time."""
    lake = connect.lake(settings)
    return [
        RawStore(lake),
        TableStore(connect.client(settings, "dynamodb"), settings.table),
        CsvStore(lake),
        FactStore(connect.warehouse(settings)),
    ]


def watermark(settings: Settings) -> Watermark:
    """Return the watermark before which all events must be in all stores."""
    arrived = datetime.now(UTC) - timedelta(seconds=settings.in_flight_seconds)
    return Watermark(received=arrived, today=shop.today())


def writable(settings: Settings) -> Writable:
    """Return the stores that a repair reads and writes."""
    return Writable(
        connect.lake(settings),
        connect.client(settings, "dynamodb"),
        settings.table,
        connect.warehouse(settings),
    )
