"""One shard read for one mapping: a reader thread, its workers, their common checkpoint.

How a worker delivers is in `worker`; which shards are read is decided in `supervisor`.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ecom_pipeline.local.poller import aws as api
from ecom_pipeline.local.poller import checkpoints
from ecom_pipeline.local.poller.aws import Aws, Page, UnavailableError, UnknownSequenceError
from ecom_pipeline.local.poller.checkpoints import Checkpoint
from ecom_pipeline.local.poller.delivery import backoff
from ecom_pipeline.local.poller.ledger import Ledger
from ecom_pipeline.local.poller.mapping import Mapping
from ecom_pipeline.local.poller.records import Origin, Record, record, worker_of
from ecom_pipeline.local.poller.worker import Worker

log = logging.getLogger(__name__)

FIRST_QUIET, LONGEST_QUIET = 0.1, 1.0  # seconds between reads of a shard that has no more
READ_AHEAD = 2  # batches per worker, so that reading and delivering overlap
MOST_RECORDS = 10_000  # GetRecords' limit
YOUNG = 23 * 3600  # seconds; the minimum retention of a stream is 24 h


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The mapping and the shard that a reader reads, and the directory of its checkpoint."""

    mapping: Mapping
    origin: Origin
    folder: Path


class ShardReader(threading.Thread):
    """Reads a shard from its checkpoint, dispatches records to workers, advances the checkpoint."""

    def __init__(self, aws: Aws, assignment: Assignment, checkpoint: Checkpoint) -> None:
        mapping, shard = assignment.mapping, assignment.origin.shard
        super().__init__(name=f"{mapping.function}/{shard}/reader", daemon=True)
        self.checkpoint = checkpoint
        self._aws, self._mapping, self._origin = aws, mapping, assignment.origin
        self._folder = assignment.folder
        self._stopping, self._stop_reading, self._progressed = (threading.Event() for _ in range(3))
        self._lock, self._ledger = threading.Lock(), Ledger()
        self._most = min(READ_AHEAD * mapping.batch_size * mapping.workers, MOST_RECORDS)
        self._quiet, self._failures = FIRST_QUIET, 0
        self._position, self._iterator = _position(checkpoint), ""
        self._completed = False
        self._workers = [
            Worker(aws, mapping, shard, self._finished, self._stopping)
            for _ in range(mapping.workers)
        ]

    def run(self) -> None:
        for worker in self._workers:
            worker.start()
        self._read()
        for worker in self._workers:
            worker.queue.put(None)
        for worker in self._workers:
            worker.join()
        if not self._stopping.is_set() and not self._ledger:
            self._save(replace(self.checkpoint, closed=True))
        self._completed = True

    def stop(self) -> None:
        """Finish the current invocations only; other records are read again after a restart."""
        self._stopping.set()
        self.leave()

    def leave(self) -> None:
        """Stop reading, since the shard is gone, and deliver the records that were read."""
        self._stop_reading.set()
        self._progressed.set()

    @property
    def crashed(self) -> bool:
        """Whether a thread ended with an error, so that the shard is no longer served."""
        died = self.ident is not None and not self.is_alive() and not self._completed
        return died or any(worker.crashed for worker in self._workers)

    def _read(self) -> None:
        ended = False
        while not ended and not self._stop_reading.is_set():
            room = self._most - len(self._ledger)
            if room < self._most // READ_AHEAD:
                self._progressed.wait(LONGEST_QUIET)
                self._progressed.clear()
                continue
            page = self._page(room)
            if page and page.records:
                self._dispatch([record(raw, self._origin) for raw in page.records])
            ended = page is not None and page.following is None
            if not ended and (page is None or len(page.records) < room):
                self._rest(found=bool(page and page.records))

    def _page(self, limit: int) -> Page | None:
        """Return the next page, or log why the call failed and return None."""
        stream, shard = self._mapping.stream, self._origin.shard
        iterator, self._iterator = self._iterator, ""
        try:
            iterator = iterator or self._aws.iterator(stream, shard, self._position)
            page = self._aws.read(iterator, limit)
        except UnavailableError as error:
            if not self._failures:
                log.warning("no answer stream=%s shard=%s reason=%s", stream, shard, error)
            self._failures += 1
            return None
        except UnknownSequenceError:
            log.warning("unknown sequence stream=%s shard=%s: starting again", stream, shard)
            self._position = api.since(self.checkpoint.since)
            return None
        if self._failures:
            log.info("answers again stream=%s shard=%s", stream, shard)
        self._failures = 0
        self._iterator = self._safe(page.following)
        return page

    def _safe(self, following: str | None) -> str:
        """Return the next iterator, or "" for a new one after the last record that was read.

        ministack's iterators count records (1.5.33, kinesis.py), so once old records expire the
        next one skips some. A new one costs three times as much (35 ms more at 271,000 records).
        """
        young = time.time() - self.checkpoint.stream_created < YOUNG
        return following if following and young else ""

    def _rest(self, *, found: bool) -> None:
        self._quiet = FIRST_QUIET if found else min(2 * self._quiet, LONGEST_QUIET)
        failed = backoff(self._failures) if self._failures else 0.0
        self._stop_reading.wait(min(max(self._quiet, failed), 2 * LONGEST_QUIET))

    def _dispatch(self, records: Sequence[Record]) -> None:
        assigned: list[list[Record]] = [[] for _ in self._workers]
        for one in records:
            assigned[worker_of(one.key, len(assigned))].append(one)
        with self._lock:
            self._ledger.take(records)
        for worker, batch in zip(self._workers, assigned, strict=True):
            if batch:
                worker.queue.put(tuple(batch))
        self._position = api.after_sequence(records[-1].sequence)

    def _finished(self, records: Sequence[Record]) -> None:
        with self._lock:
            reached = self._ledger.finish(records)
            if reached:
                self._save(replace(self.checkpoint, sequence=reached))
        self._progressed.set()

    def _save(self, checkpoint: Checkpoint) -> None:
        checkpoints.save(self._folder, self._origin.shard, checkpoint)
        self.checkpoint = checkpoint


def _position(checkpoint: Checkpoint) -> dict[str, object]:
    if checkpoint.sequence:
        return api.after_sequence(checkpoint.sequence)
    return api.since(checkpoint.since)
