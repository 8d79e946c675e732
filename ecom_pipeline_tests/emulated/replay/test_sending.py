"""A replay against a correct and a faulty server: no event is lost or duplicated."""

import time
from datetime import date

import pytest

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.replay.account import account_of
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.replay.dataset import events
from ecom_pipeline.replay.sender import Pace, send
from ecom_pipeline_tests.emulated.replay.shop import DROP_AFTER, DROP_BEFORE
from ecom_pipeline_tests.emulated.replay.some import SMALL, Some, ids_of, target


def test_every_event_arrives_exactly_once_when_all_is_well(shop_api, made_up):
    source = events(made_up.path, choices=DATA_SET)
    told = []
    summary = send(source, target(shop_api), pace=SMALL, on_progress=told.append)
    assert shop_api.stored.keys() == ids_of(source)
    assert set(shop_api.deliveries.values()) == {1}
    assert (summary.sent, summary.accepted, sum(told)) == (made_up.rows,) * 3
    assert not summary.rejected
    assert summary.days == account_of(source).days
    assert summary.last_sequence == {
        shard: str(99_990 + last) for shard, last in sorted(shop_api.sequences.items())
    }
    assert len(shop_api.sequences) == 2
    assert summary.events_per_second > 0
    assert shop_api.connections <= SMALL.concurrency


def test_numbers_arrive_with_their_exact_text(shop_api, made_up):
    source = events(made_up.path, choices=DATA_SET)
    send(source, target(shop_api))
    for _, event in source:
        arrived = shop_api.stored[event["event_id"]]
        assert str(arrived["UnitPrice"]) == str(event["UnitPrice"])
        assert arrived == event | {"UnitPrice": arrived["UnitPrice"]}


@pytest.mark.parametrize(
    "fault",
    [
        (503, {"message": "busy"}),
        (500, b""),
        (502, b"<html>"),
        (504, {"message": "late"}),
        (429, {"message": "slow down"}, {"retry-after": "0"}),
        DROP_BEFORE,
        DROP_AFTER,
    ],
    ids=str,
)
def test_a_passing_trouble_only_costs_time(shop_api, fault):
    shop_api.faults = [fault] * 5
    summary = send(Some(1_000), target(shop_api), pace=SMALL)
    assert summary.accepted == len(shop_api.stored) == summary.days[date(2010, 12, 1)].rows == 1_000
    assert shop_api.requests == 10 + 5


def test_the_wait_that_the_server_asks_for_is_kept(shop_api):
    shop_api.faults = [(429, {}, {"retry-after": "1"})]
    started = time.monotonic()
    send(Some(10), target(shop_api))
    assert 1 <= time.monotonic() - started < 3


def test_a_batch_that_is_too_large_is_halved_until_it_fits(shop_api):
    shop_api.max_records = 30
    shop_api.rejects = {"7": {"field": "Quantity"}}
    summary = send(Some(1_000), target(shop_api), pace=Pace(batch_size=500))
    assert summary.accepted == len(shop_api.stored) == 999
    assert [example.row for example in summary.examples] == [7]
    assert set(shop_api.deliveries.values()) == {1}


def test_a_record_that_alone_is_too_large_is_rejected_and_holds_up_nobody(shop_api):
    shop_api.max_records = 0
    summary = send(Some(5), target(shop_api))
    assert summary.rejected == {"too_large": 5}
    assert summary.accepted == 0
    assert [example.row for example in summary.examples] == [1, 2, 3, 4, 5]


def test_rejected_events_are_counted_by_reason_and_shown(shop_api):
    shop_api.rejects = {
        str(number): {"field": "Quantity", "expected": "a whole number", "got": "'x'"}
        for number in range(40, 50)
    }
    summary = send(Some(1_000), target(shop_api), pace=SMALL)
    assert summary.rejected == {"invalid Quantity": 10}
    assert (summary.sent, summary.accepted) == (1_000, 990)
    assert summary.days[date(2010, 12, 1)].rows == 990
    assert [example.row for example in summary.examples] == [40, 41, 42, 43, 44]
    example = summary.examples[0]
    assert (example.reason, example.field) == ("invalid", "Quantity")
    assert (example.expected, example.got) == ("a whole number", "'x'")


def test_a_batch_of_which_nothing_is_accepted_does_not_stop_the_rest(shop_api):
    shop_api.rejects = {str(number): {"field": "Quantity"} for number in range(1, 101)}
    summary = send(Some(300), target(shop_api), pace=SMALL)
    assert (summary.accepted, summary.rejected.total()) == (200, 100)


def test_rows_of_no_day_are_reported(shop_api, tmp_path, made_up):
    path = tmp_path / "undated.csv"
    path.write_bytes(made_up.path.read_bytes() + b"1,1,X,1,someday,1,,EIRE\r\n")
    day = date(2010, 12, 1)
    assert (
        send(events(path, choices=DATA_SET, days=DayRange(day, day)), target(shop_api)).undated == 1
    )
    assert len(shop_api.stored) == made_up.rows


def test_no_more_is_in_memory_than_twice_the_concurrency(shop_api):
    shop_api.delay = 0.02
    source, acknowledged, most = Some(2_000), [0], [0]

    def note(count):
        acknowledged[0] += count
        most[0] = max(most[0], source.read - acknowledged[0])

    send(source, target(shop_api), pace=Pace(batch_size=50, concurrency=3), on_progress=note)
    assert shop_api.most_waiting <= 3
    assert most[0] <= 2 * 3 * 50


def test_a_rate_is_kept(shop_api):
    summary = send(Some(100), target(shop_api), pace=Pace(batch_size=20, rate=200))
    assert 100 <= summary.events_per_second <= 260  # the last batch is not throttled


def test_a_replay_of_nothing_is_a_summary_of_nothing(shop_api):
    summary = send(Some(0), target(shop_api))
    assert (summary.sent, summary.days, shop_api.requests) == (0, {}, 0)


def test_two_shuffled_replays_of_one_file_store_it_once(shop_api, made_up):
    source = events(made_up.path, choices=DATA_SET)
    send(source.shuffled(1), target(shop_api), pace=SMALL)
    send(source.shuffled(2), target(shop_api), pace=SMALL)
    assert len(shop_api.stored) == made_up.rows
    assert set(shop_api.deliveries.values()) == {2}
