"""orchestration.causes: which findings are told, over many looks; the messages' texts."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.orchestration import alarm_list
from ecom_pipeline.orchestration.alarms import MESSAGE
from ecom_pipeline.orchestration.causes import Finding, Observation, Told

DAYS = ["2012-01-02", "2012-01-03", "2012-01-04"]
# what is wrong with each day after each step, and the days that are looked at then
STEPS = st.lists(st.tuples(st.sets(st.sampled_from(DAYS)), st.sets(st.sampled_from(DAYS))))


def look(told, wrong, days, **changes):
    """Look at these days; return those that are told, after a restart of the daemon."""
    found = [Finding(day=day, what="wrong", **changes) for day in sorted(wrong & days)]
    news = told.news(Observation(alarm="CheckFailed", subject="a", findings=found, days=days))
    kept = msgspec.json.decode(msgspec.json.encode(told), type=Told)
    return kept, {each.day for each in news}


@given(STEPS)
def test_a_day_is_told_when_it_is_seen_wrong_after_it_was_not_seen_wrong(steps):
    told, last_seen = Told(), dict.fromkeys(DAYS, False)
    for wrong, days in steps:
        told, news = look(told, wrong, days)
        assert news == {day for day in wrong & days if not last_seen[day]}
        last_seen |= {day: day in wrong for day in days}


def test_what_grows_or_came_back_unseen_is_told_again_and_what_shrinks_is_not():
    told, days = Told(), {DAYS[0]}
    sizes, news = (2, 2, 3, 1, 2), []
    for size in sizes:
        told, found = look(told, days, days, size=size)
        news.append(bool(found))
    assert news == [True, False, True, False, True]
    assert look(told, days, days, size=2, mark="a repair lies between")[1] == days


def test_a_look_at_everything_forgets_all_that_it_does_not_find():
    told, _ = look(Told(), set(DAYS), set(DAYS))
    assert told.news(Observation(alarm="CheckFailed", subject="a")) == []
    assert told.causes == {}


def test_a_message_has_the_days_their_figures_and_a_command_for_them_within_the_limit():
    news = [("check", Finding(day=f"2012-01-{n:02}", what="x" * 5_000)) for n in range(1, 31)]
    subject, text = alarm_list.message(alarm_list.STORES_DIFFER, news)
    assert subject == "ecom_pipeline StoresDiffer: 2012-01-01:2012-01-30"
    assert "* and 15 more\n" in text
    assert "Put it right: ecom reconcile 2012-01-01:2012-01-30 --repair\n" in text
    assert text.endswith("docs/runbook.md#storesdiffer")
    assert len(text) < MESSAGE
    _, single = alarm_list.message(alarm_list.STORES_DIFFER, news[:1])
    assert "Put it right: ecom reconcile 2012-01-01 --repair\n" in single
