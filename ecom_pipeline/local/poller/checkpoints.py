"""The checkpoint of each function on each shard, on disk: one small JSON file per shard.

Written whole, synced, then renamed, so that a kill leaves the old file or the new one. Keyed by
names, because a mapping's UUID changes when the emulator is set up again.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ecom_pipeline.domain.errors import EcomError


class CheckpointError(EcomError):
    """A checkpoint that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The last finished record of a shard, and the identity of the shard.

    Without a sequence no record is finished: read from `since` (epoch seconds), or from the oldest.
    `stream_created` and `shard_starts` differ if a stream or shard was re-created by the same name.
    """

    sequence: str | None
    since: float | None
    stream_created: float
    shard_starts: str
    closed: bool = False


def folder(home: Path, function: str, stream: str) -> Path:
    """Return the directory of a function's checkpoints on a stream."""
    return home / "checkpoints" / function / stream


def save(folder: Path, shard: str, checkpoint: Checkpoint) -> None:
    """Replace a shard's checkpoint atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {**asdict(checkpoint), "saved_at": datetime.now(UTC).isoformat()}
    draft = folder / f".{shard}.tmp"
    with draft.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / f"{shard}.json")


def load(folder: Path, shard: str) -> Checkpoint | None:
    """Return a shard's checkpoint, or None if it has none.

    Raises:
        CheckpointError: the file is damaged.
    """
    file = folder / f"{shard}.json"
    try:
        content: dict[str, Any] = json.loads(file.read_text())
        content.pop("saved_at")
        return Checkpoint(**content)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{file}: {error}: delete it to read the shard again") from error


def load_all(folder: Path) -> Iterator[tuple[str, Checkpoint]]:
    """Yield each shard that has a checkpoint, and the checkpoint."""
    for file in sorted(folder.glob("*.json")):
        checkpoint = load(folder, file.stem)
        if checkpoint:
            yield file.stem, checkpoint
