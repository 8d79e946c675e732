import json
import subprocess
import sys

import pytest

from ecom_pipeline.local.poller import checkpoints, progress, shard_selection
from ecom_pipeline.local.poller.aws import Shard, Stream
from ecom_pipeline.local.poller.checkpoints import Checkpoint, CheckpointError
from ecom_pipeline_tests.unit.local.poller_builders import mapping

STORE = ("store", "event-ingest")


def at(sequence, **changes):
    known = {"since": None, "stream_created": 1.0, "shard_starts": "5"}
    return Checkpoint(sequence=sequence, **{**known, **changes})


@pytest.fixture
def place(tmp_path):
    return checkpoints.folder(tmp_path, *STORE)


def test_a_checkpoint_is_read_back_as_saved_and_leaves_no_draft(place):
    checkpoints.save(place, "shardId-0", at("7"))
    checkpoints.save(place, "shardId-0", at("8"))
    assert checkpoints.load(place, "shardId-0") == at("8")
    assert [file.name for file in place.iterdir()] == ["shardId-0.json"]
    assert "saved_at" in json.loads((place / "shardId-0.json").read_text())


def test_a_broken_checkpoint_is_refused_not_guessed(place):
    place.mkdir(parents=True)
    (place / "shardId-0.json").write_text("{")
    with pytest.raises(CheckpointError, match="delete it"):
        checkpoints.load(place, "shardId-0")


def test_caught_up_compares_numbers_not_text(tmp_path, place):
    checkpoints.save(place, "shardId-0", at("9"))
    assert not progress.caught_up(tmp_path, {"shardId-0": "10"}, [STORE])
    assert progress.lag(tmp_path, STORE, {"shardId-0": "10"}) == {"shardId-0": 10}
    checkpoints.save(place, "shardId-0", at("10"))
    assert progress.caught_up(tmp_path, {"shardId-0": 10}, [STORE])


def test_a_shard_or_consumer_without_checkpoint_has_not_caught_up(tmp_path, place):
    checkpoints.save(place, "shardId-0", at("9"))
    assert not progress.caught_up(tmp_path, {"shardId-1": "1"}, [STORE])
    assert not progress.caught_up(tmp_path, {"shardId-0": "1"}, [STORE, ("archive", STORE[1])])
    assert progress.consumers(tmp_path) == [STORE]
    assert progress.reached(tmp_path, STORE) == {"shardId-0": 9}


def test_a_shard_read_out_has_caught_up_with_anything(tmp_path, place):
    checkpoints.save(place, "shardId-0", at("9", closed=True))
    assert progress.caught_up(tmp_path, {"shardId-0": "11"}, [STORE])


PARENT, OTHER = Shard("p", "1", ()), Shard("o", "1", ())
CHILD = Shard("c", "9", ("p", "o"))


def names(shards):
    return [shard.shard_id for shard in shards]


def test_a_child_waits_until_both_parents_are_read_out():
    assert names(shard_selection.ready([PARENT, OTHER, CHILD], {}, ())) == ["p", "o"]
    assert names(shard_selection.ready([PARENT, OTHER, CHILD], {"o"}, {"p"})) == []
    assert names(shard_selection.ready([PARENT, OTHER, CHILD], {}, {"p", "o"})) == ["c"]


def test_a_parent_that_is_not_listed_any_more_still_counts_while_it_is_read():
    assert names(shard_selection.ready([CHILD], {"p"}, ())) == []
    assert names(shard_selection.ready([CHILD], {}, ())) == ["c"]


def test_a_checkpoint_of_an_earlier_namesake_is_not_used():
    stream = Stream(1.0, (PARENT,))
    assert shard_selection.is_same(at("7", shard_starts="1"), stream, PARENT)
    assert not shard_selection.is_same(at("7", shard_starts="2"), stream, PARENT)
    assert not shard_selection.is_same(
        at("7", shard_starts="1", stream_created=2.0), stream, PARENT
    )
    assert not shard_selection.is_same(None, stream, PARENT)


def test_latest_is_a_moment_that_is_written_down_but_a_new_shard_is_read_whole():
    stream = Stream(1.0, (PARENT,))
    latest, oldest = mapping(StartingPosition="LATEST"), mapping(StartingPosition="TRIM_HORIZON")
    assert shard_selection.first(latest, stream, PARENT, known=False, now=5.0).since == 5.0
    assert shard_selection.first(latest, stream, PARENT, known=True, now=5.0).since is None
    assert shard_selection.first(oldest, stream, PARENT, known=False, now=5.0).since is None


def test_asking_how_far_it_is_loads_no_aws_client():
    code = "import sys, ecom_pipeline.local.poller.progress; assert 'boto3' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
