"""warehouse.sweep: which days a morning looks at."""

from datetime import date, timedelta

import pytest

from ecom_pipeline.warehouse import sweep

MORNING = date(2026, 3, 2)


def days_until(last: date, count: int) -> list[date]:
    return [last - timedelta(days=n) for n in reversed(range(count))]


@pytest.mark.parametrize("history", [0, 1, 31, 32, 131, 305, 3_000])
def test_each_day_is_looked_at_within_a_turn_and_the_newest_each_morning(history: int):
    blocks = max(1, -(-(history - sweep.RECENT_DAYS) // sweep.BLOCK_DAYS))
    looked_at: set[date] = set()
    for n in range(blocks):
        morning = MORNING + timedelta(days=n)
        days = days_until(MORNING - timedelta(days=1), history)
        found = sweep.turn(days, morning)
        assert set(days[-sweep.RECENT_DAYS :]) <= set(found)
        assert len(found) == len(set(found)) <= sweep.RECENT_DAYS + sweep.BLOCK_DAYS
        looked_at.update(found)
    assert looked_at == set(days_until(MORNING - timedelta(days=1), history))


def test_a_history_that_grows_by_a_day_a_morning_leaves_no_day_out_for_long():
    first = MORNING - timedelta(days=400)
    seen = dict.fromkeys(days_until(MORNING, 401), MORNING)
    for n in range(1, 300):
        morning = MORNING + timedelta(days=n)
        days = days_until(morning - timedelta(days=1), (morning - first).days)
        seen |= dict.fromkeys(sweep.turn(days, morning), morning)
        blocks = -(-len(days) // sweep.BLOCK_DAYS)
        assert all(morning - seen[day] <= timedelta(days=2 * blocks) for day in days)
