"""An API server to post to, and events to post."""

import pytest

from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline_tests.emulated.replay.shop import serving


@pytest.fixture
def shop_api(socket_enabled):
    """An HTTP server of its own for each test."""
    with serving() as shop:
        yield shop


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    """A made-up data set of one day and about 1,200 rows."""
    return write_sample(tmp_path_factory.mktemp("made-up") / "s.csv", days=1, rows_per_day=1_200)
