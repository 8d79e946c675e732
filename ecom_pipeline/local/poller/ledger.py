"""The records of a shard that are in flight, and the checkpoint that follows from them.

Workers finish out of order; a checkpoint may not pass an unfinished record. No I/O, and not
thread-safe: `shard` holds the lock and writes the file.
"""

from collections import deque
from collections.abc import Iterable

from ecom_pipeline.local.poller.records import Record


class Ledger:
    """The records that were read and are not yet covered by the checkpoint."""

    def __init__(self) -> None:
        self._in_hand: deque[str] = deque()
        self._done: set[str] = set()

    def __len__(self) -> int:
        return len(self._in_hand)

    def take(self, records: Iterable[Record]) -> None:
        """Add records, in the shard's order."""
        self._in_hand.extend(one.sequence for one in records)

    def finish(self, records: Iterable[Record]) -> str | None:
        """Mark records as finished; return the new checkpoint if it advanced."""
        self._done.update(one.sequence for one in records)
        reached = None
        while self._in_hand and self._in_hand[0] in self._done:
            reached = self._in_hand.popleft()
            self._done.remove(reached)
        return reached
