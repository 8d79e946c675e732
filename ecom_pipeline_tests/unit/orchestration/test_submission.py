"""A load submitted to another Dagster: if it is unreachable, its URL is in the error."""

from datetime import date

import pytest

from ecom_pipeline import operations, settings
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.orchestration import submission
from ecom_pipeline.orchestration.runs import RunFailedError
from ecom_pipeline_tests.unit.test_settings import PROD

DAY = date(2012, 1, 2)


def test_where_no_dagster_answers_its_address_is_named(socket_enabled):
    with pytest.raises(RunFailedError, match=r"http://127\.0\.0\.1:1"):
        submission.load_days("http://127.0.0.1:1", DayRange(DAY, DAY))


def test_the_error_is_one_line(socket_enabled):
    with pytest.raises(RunFailedError) as refused:
        submission.load_days("http://127.0.0.1:1/dagster", DayRange(DAY, DAY))
    assert len(str(refused.value).splitlines()) == 1
    assert "mutation" not in str(refused.value)


def test_on_aws_a_load_that_no_dagster_would_show_is_refused():
    with pytest.raises(settings.SettingsError, match="ECOM_DAGSTER_URL"):
        operations.load_days(settings.load(PROD), DAY, DAY)
