"""Which records of a shard are in hand, and how far all of them are finished.

Lanes finish out of order; a checkpoint may only say what no lane still owes. Pure and not
thread-safe: `shard` holds the lock and writes the file.
"""

from collections import deque
from collections.abc import Iterable

from ecom_pipeline.local.poller.records import Record


class Ledger:
    """The records between what was read and what is finished."""

    def __init__(self) -> None:
        self._in_hand: deque[str] = deque()
        self._done: set[str] = set()

    def __len__(self) -> int:
        return len(self._in_hand)

    def take(self, records: Iterable[Record]) -> None:
        """Enter records in the order in which the shard holds them."""
        self._in_hand.extend(one.sequence for one in records)

    def finish(self, records: Iterable[Record]) -> str | None:
        """Cross records off; return the new checkpoint if it advanced."""
        self._done.update(one.sequence for one in records)
        reached = None
        while self._in_hand and self._in_hand[0] in self._done:
            reached = self._in_hand.popleft()
            self._done.remove(reached)
        return reached
