"""When a day is over: at the shop's midnight, and later by what may be in flight."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecom_pipeline.domain.running import RunningDays

SECOND = timedelta(seconds=1)
# midnight is missing in spring in Cairo, comes twice in autumn in Havana
ZONES = ["Europe/London", "Africa/Cairo", "America/Havana", "Asia/Kathmandu", "Pacific/Kiritimati"]
DAYS = st.dates(min_value=date(2009, 1, 1), max_value=date(2035, 12, 31))


def days(zone, now=datetime(2026, 11, 30, tzinfo=UTC), in_flight=timedelta(0)):
    return RunningDays(time_zone=ZoneInfo(zone), in_flight=in_flight, clock=lambda: now)


@given(st.sampled_from(ZONES), DAYS)
@example("Africa/Cairo", date(2026, 4, 23))
@example("America/Havana", date(2026, 10, 31))
@example("Europe/London", date(2026, 3, 29))
@example("Europe/London", date(2026, 10, 25))
def test_a_day_ends_with_its_last_second_by_the_shops_clock(zone, day):
    end = days(zone).over_at(day)
    assert days(zone, end - SECOND).today() == day
    assert days(zone, end).today() == day + timedelta(days=1)
    assert days(zone, end - SECOND).until(day) == end - SECOND
    assert days(zone, end).until(day) is None


@pytest.mark.parametrize(("late", "is_over"), [(899, False), (900, True)])
def test_it_is_not_over_while_events_of_it_may_be_on_their_way(late, is_over):
    in_flight = timedelta(seconds=900)
    midnight = datetime(2026, 7, 1, 23, 0, tzinfo=UTC)  # of London's summer
    now = midnight + late * SECOND
    found = days("Europe/London", now, in_flight).until(date(2026, 7, 1))
    assert (found is None) == is_over


def test_a_moment_is_in_whole_seconds_and_never_later_than_now():
    now = datetime(2026, 7, 1, 12, 0, 0, 999_999, tzinfo=UTC)
    assert days("Europe/London", now).until(date(2026, 7, 1)) == now.replace(microsecond=0)
