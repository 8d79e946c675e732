"""The stores of a test of this tier, as clients of the batch path."""

import pytest

from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect
from ecom_pipeline.warehouse.session import Warehouse


@pytest.fixture
def lake(aws: Settings) -> Lake:
    """Return the test's own buckets."""
    return connect.lake(aws)


@pytest.fixture
def warehouse(redshift: Settings) -> Warehouse:
    """Return the test's own warehouse."""
    return connect.warehouse(redshift)
