"""A shard reader against a stream in memory: ends, gaps, failing calls."""

import time
from datetime import UTC, datetime

import pytest

from ecom_pipeline.local.poller import checkpoints
from ecom_pipeline.local.poller.aws import Page, UnavailableError, UnknownSequenceError
from ecom_pipeline.local.poller.checkpoints import Checkpoint
from ecom_pipeline.local.poller.invocation import InvocationResult
from ecom_pipeline.local.poller.records import Origin
from ecom_pipeline.local.poller.shard import Assignment, ShardReader
from ecom_pipeline_tests.unit.local.poller_builders import STREAM_ARN, mapping


class MemoryStream:
    """A closed shard with records 1..count, whose first iterators fail as told."""

    def __init__(self, count: int, *fails: Exception) -> None:
        self.count, self.fails = count, list(fails)
        self.delivered: list[str] = []
        self.asked: list[str | None] = []

    def iterator(self, _stream, _shard, start):
        self.asked.append(start.get("StartingSequenceNumber"))
        if self.fails:
            raise self.fails.pop(0)
        return self.asked[-1] or "0"

    def read(self, iterator, limit):
        after = int(iterator)
        numbers = range(after + 1, min(after + limit, self.count) + 1)
        following = str(after + limit) if after + limit < self.count else None
        return Page([_raw(number) for number in numbers], following)

    def invoke(self, _mapping, records):
        self.delivered += [record.sequence for record in records]
        return InvocationResult(len(records))


def _raw(number):
    return {
        "SequenceNumber": str(number),
        "PartitionKey": f"key-{number % 5}",
        "Data": b"{}",
        "ApproximateArrivalTimestamp": datetime(2026, 1, 1, tzinfo=UTC),
    }


def read_out(stream, tmp_path, sequence=None, created=1.0, **settings):
    origin = Origin(shard="shardId-0", stream_arn=STREAM_ARN, role_arn="arn:aws:iam::0:role/r")
    assignment = Assignment(mapping=mapping(**settings), origin=origin, folder=tmp_path)
    start = Checkpoint(sequence=sequence, since=None, stream_created=created, shard_starts="0")
    reader = ShardReader(stream, assignment, start)
    reader.start()
    reader.join(10)
    assert not reader.is_alive()
    assert not reader.crashed
    return checkpoints.load(tmp_path, "shardId-0")


@pytest.mark.parametrize("workers", [1, 4])
def test_a_closed_shard_is_read_out_then_marked_closed(tmp_path, workers):
    stream = MemoryStream(1000)
    checkpoint = read_out(stream, tmp_path, BatchSize=30, ParallelizationFactor=workers)
    assert sorted(stream.delivered, key=int) == [str(number) for number in range(1, 1001)]
    assert checkpoint
    assert (checkpoint.sequence, checkpoint.closed) == ("1000", True)


def test_a_throttled_read_is_tried_again_from_the_same_place(tmp_path):
    stream = MemoryStream(10, UnavailableError("ProvisionedThroughputExceededException"))
    read_out(stream, tmp_path, sequence="4")
    assert stream.delivered == ["5", "6", "7", "8", "9", "10"]
    assert stream.asked[:2] == ["4", "4"]


def test_an_unknown_sequence_number_starts_the_shard_again(tmp_path):
    stream = MemoryStream(3, UnknownSequenceError("InvalidArgumentException"))
    read_out(stream, tmp_path, sequence="99")
    assert stream.asked[:2] == ["99", None]
    assert stream.delivered == ["1", "2", "3"]


def test_iterators_are_followed_only_while_no_record_can_have_expired(tmp_path):
    old, young = MemoryStream(100), MemoryStream(100)
    read_out(old, tmp_path / "old", BatchSize=10)
    read_out(young, tmp_path / "young", created=time.time(), BatchSize=10)
    assert len(old.asked) > 1
    assert young.asked == [None]
    assert old.delivered == young.delivered
