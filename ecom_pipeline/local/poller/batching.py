"""Form batches from a worker's queue: full, or when the batching window has passed.

The limits of a batch are in `records`; its delivery is in `delivery`. No I/O but the queue.
"""

import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from queue import Empty, SimpleQueue

from ecom_pipeline.local.poller.records import Record, fitting

Queue = SimpleQueue[tuple[Record, ...] | None]  # None: the end of the queue


def batches(queue: Queue, batch_size: int, window: float) -> Iterator[tuple[Record, ...]]:
    """Yield batches until the queue ends: full ones at once, others after `window` seconds."""
    waiting: deque[Record] = deque()
    coming = True
    while coming or waiting:
        if not waiting:
            coming = _receive(queue, waiting, None)
            continue
        closes = time.monotonic() + window
        while coming and not _is_full(waiting, batch_size):
            try:
                coming = _receive(queue, waiting, closes - time.monotonic())
            except Empty:
                break
        yield tuple(waiting.popleft() for _ in range(fitting(waiting, batch_size)))


def _receive(queue: Queue, waiting: deque[Record], timeout: float | None) -> bool:
    chunk = queue.get() if timeout is None else queue.get(timeout=max(timeout, 0.0))
    if chunk is None:
        return False
    waiting.extend(chunk)
    return True


def _is_full(waiting: deque[Record], batch_size: int) -> bool:
    count = fitting(islice(waiting, batch_size + 1), batch_size)
    return count == batch_size or count < len(waiting)
