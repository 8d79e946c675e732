"""Fixtures for files whose tests share a pipeline: each test takes separate days."""

from collections.abc import Callable
from datetime import date

import pytest

from ecom_pipeline_tests.conftest import new_days


@pytest.fixture(scope="module")
def days() -> Callable[[int], list[date]]:
    """Return what gives days that no other test of this file has."""
    return new_days()
