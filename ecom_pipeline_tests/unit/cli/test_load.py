"""ecom plan and load: days that can't be loaded are refused in one sentence."""

from datetime import timedelta

import pytest

from ecom_pipeline.domain.shop import DEFAULT
from ecom_pipeline_tests.unit.cli.conftest import UNUSED, Ecom

TODAY = DEFAULT.today()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.mark.parametrize("command", ["load", "plan"])
@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ("2010-01-12", "2010-01-12 is before the first day, 2010-12-01: load from that day on, or"),
        ("2010-11-30:2010-12-02", "2010-11-30 is before the first day, 2010-12-01: load from"),
        ("2130-01-01", f"2130-01-01 is not over: load days up to {YESTERDAY}"),
        (str(TODAY), f"{TODAY} is not over: load days up to {YESTERDAY}"),
        (f"2010-12-01:{TODAY}", f"{TODAY} is not over: load days up to {YESTERDAY}"),
    ],
)
def test_days_without_a_partition_are_refused(ecom: Ecom, command: str, days: str, sentence: str):
    done = ecom(command, days)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"ecom: {sentence}")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("command", ["load", "plan"])
def test_with_the_option_today_is_loaded_and_tomorrow_refused(ecom: Ecom, command: str):
    tomorrow = DEFAULT.today() + timedelta(days=1)
    found = ecom(command, tomorrow, ECOM_INTRADAY_MINUTES="30").refusal()
    assert found == f"ecom: {tomorrow} is not over: load days up to {DEFAULT.today()}"
    found = ecom(command, DEFAULT.today(), ECOM_INTRADAY_MINUTES="30", **UNUSED).refusal()
    assert found.startswith("ecom: the local AWS is not running"), found


@pytest.mark.parametrize("minutes", ["4", "721", "1.5", "half an hour", "", "-30"])
def test_an_interval_of_the_running_day_that_is_none_is_refused(ecom: Ecom, minutes: str):
    found = ecom("plan", "2010-12-01", ECOM_INTRADAY_MINUTES=minutes).refusal()
    assert "ECOM_INTRADAY_MINUTES: expected a whole number of minutes, 5 to 720, got" in found


@pytest.mark.parametrize("days", ["yesterday", "2011-02-30", ":", "2010-12-02:2010-12-01", "1:2"])
def test_what_is_no_date_is_refused(ecom: Ecom, days: str):
    done = ecom("load", days)
    assert done.code == 2
    assert "expected YYYY-MM-DD" in done.err or "the first day is after the last" in done.err


def test_an_engine_that_there_is_not_is_refused_before_a_run(ecom: Ecom):
    done = ecom("load", "2010-12-01", ECOM_ENGINE="pandas")
    assert (done.code, done.out) == (2, "")
    assert done.err == "ecom: ECOM_ENGINE: expected python, processes, spark, got 'pandas'\n"


@pytest.mark.parametrize("bound", ["abc", "NaN", "-1", "20", "Infinity"])
def test_a_bound_that_is_no_share_is_refused(ecom: Ecom, bound: str):
    done = ecom("plan", "2010-12-01", "--bound", bound)
    assert done.code == 2
    assert f"'{bound}': expected a share like 0.2" in done.err
    again = ecom("plan", "2010-12-01", ECOM_LOAD_BOUND=bound)
    assert again.refusal().startswith("ecom: ECOM_LOAD_BOUND: expected a share like 0.2")
