"""The stores of a test of this tier, as the batch path reaches them."""

import pytest

from ecom_pipeline.batch import connect
from ecom_pipeline.batch.lake import Lake
from ecom_pipeline.batch.warehouse import Warehouse
from ecom_pipeline.settings import Settings


@pytest.fixture
def lake(aws: Settings) -> Lake:
    """Return the test's own buckets."""
    return connect.lake(aws)


@pytest.fixture
def warehouse(redshift: Settings) -> Warehouse:
    """Return the test's own warehouse."""
    return connect.warehouse(redshift)
