"""Whether the poller has reached a sequence number: for a demo that waits, and for a status.

Reads the checkpoint files and changes nothing; imports no boto3, so it is cheap. The format of a
checkpoint is in `checkpoints`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ecom_pipeline.local.poller import checkpoints

Consumer = tuple[str, str]  # a function's name and a stream's name


def consumers(home: Path) -> list[Consumer]:
    """Return every function and stream that has had a checkpoint."""
    folders = sorted((home / "checkpoints").glob("*/*"))
    return [(folder.parent.name, folder.name) for folder in folders if folder.is_dir()]


def reached(home: Path, consumer: Consumer) -> dict[str, int | None]:
    """Return the last finished sequence number of each shard; None if no record is finished."""
    found = checkpoints.load_all(checkpoints.folder(home, *consumer))
    return {shard: int(one.sequence) if one.sequence else None for shard, one in found}


def lag(home: Path, consumer: Consumer, last_sequences: Mapping[str, str | int]) -> dict[str, int]:
    """Return the shards that have not reached their sequence number, and that number."""
    found = dict(checkpoints.load_all(checkpoints.folder(home, *consumer)))
    return {
        shard: int(wanted)
        for shard, wanted in last_sequences.items()
        if not _has_reached(found.get(shard), int(wanted))
    }


def caught_up(
    home: Path, last_sequences: Mapping[str, str | int], wanted: Iterable[Consumer]
) -> bool:
    """Return whether every consumer has reached the sequence number of every shard."""
    return not any(lag(home, consumer, last_sequences) for consumer in wanted)


def _has_reached(checkpoint: checkpoints.Checkpoint | None, wanted: int) -> bool:
    if checkpoint is None:
        return False
    return checkpoint.closed or int(checkpoint.sequence or 0) >= wanted
