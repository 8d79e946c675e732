"""The poller killed, stopped, and without its emulator: nothing is lost."""

import json
import signal

from ecom_pipeline_tests.emulated.poller.world import World


def test_a_kill_in_the_middle_loses_nothing_and_repeats_at_most_the_batch_in_hand(world: World):
    world.deploy(seconds=0.2, BatchSize=10)
    sent = [f"good {n}" for n in range(120)]
    world.put(*sent)
    first = world.poll()
    world.gets(4)
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    world.poll()
    world.wait()
    assert set(world.delivered) == set(sent)
    assert len(world.delivered) <= len(sent) + 2 * 10  # a batch for each of the two shards


def test_told_to_stop_it_finishes_the_batch_in_hand_and_repeats_nothing(world: World):
    world.deploy(seconds=0.3, BatchSize=5)
    sent = [f"good {n}" for n in range(60)]
    world.put(*sent)
    first = world.poll()
    world.gets(3)
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    assert len(world.delivered) < len(sent)
    world.poll()
    world.wait()
    assert sorted(world.delivered) == sorted(sent)


def test_an_emulator_that_restarts_is_picked_up_again(world: World):
    world.deploy()
    world.put("before")
    poller = world.poll()
    world.wait()
    world.emulator.stop()
    world.says("no answer")
    world.emulator.start()
    world.put("after")
    world.wait()
    assert world.delivered == ["before", "after"]
    assert poller.poll() is None


def test_a_stream_that_was_made_anew_is_read_from_its_start(world: World):
    world.deploy()
    world.put("before")
    world.poll()
    world.wait()
    world.kinesis.delete_stream(StreamName=world.name)
    world.kinesis.create_stream(StreamName=world.name, ShardCount=2)
    world.sent.clear()
    world.put("after")
    world.wait()
    world.says("starting again")
    world.wait()
    assert set(world.delivered) == {"before", "after"}


def test_a_second_poller_of_the_same_home_refuses_to_run(world: World):
    world.deploy()
    world.poll()
    world.says("following")
    assert world.poll().wait(10) == 1


def test_a_mapping_that_asks_for_what_it_does_not_do_ends_it_with_the_reason(world: World):
    pattern = json.dumps({"data": {"country": ["France"]}})
    world.deploy(FilterCriteria={"Filters": [{"Pattern": pattern}]})
    assert world.poll().wait(10) == 2
    assert "FilterCriteria" in world.log.read_text()
