"""Which shards to read now, and from which position. No I/O; `supervisor` starts the readers."""

from collections.abc import Collection, Iterable

from ecom_pipeline.local.poller.aws import Shard, Stream
from ecom_pipeline.local.poller.checkpoints import Checkpoint
from ecom_pipeline.local.poller.mapping import Mapping


def ready(
    shards: Iterable[Shard], reading: Collection[str], closed: Collection[str]
) -> list[Shard]:
    """Return the shards to start: a child waits until its parents are read to their end.

    A parent that is neither listed nor being read is done: its records have expired.
    """
    shards = list(shards)
    owed = {one.shard_id for one in shards} - set(closed) | set(reading)
    return [
        one
        for one in shards
        if one.shard_id not in reading
        and one.shard_id not in closed
        and owed.isdisjoint(one.parents)
    ]


def is_same(checkpoint: Checkpoint | None, stream: Stream, shard: Shard) -> bool:
    """Return whether a checkpoint is of this shard, not of an earlier one of the same name."""
    return (
        checkpoint is not None
        and checkpoint.stream_created == stream.created
        and checkpoint.shard_starts == shard.starts
    )


def first(mapping: Mapping, stream: Stream, shard: Shard, *, known: bool, now: float) -> Checkpoint:
    """Return the first checkpoint of a shard.

    Args:
        mapping: has the stream's starting position.
        stream: the stream of the shard.
        shard: the shard itself.
        known: the mapping has read this stream before, so the shard is new and is read whole.
        now: epoch seconds, the position LATEST; stored in case of a kill before the first record.
    """
    since = None if known else {"LATEST": now}.get(mapping.starts_at, mapping.starts_at_time)
    return Checkpoint(
        sequence=None, since=since, stream_created=stream.created, shard_starts=shard.starts
    )
