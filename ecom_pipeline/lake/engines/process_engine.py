"""The default engine: days in parallel on one machine's cores, each process with its own cache.

Days are independent (an event id belongs to one day), so the processes share nothing but S3.
"""

import logging
import multiprocessing
import os
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from logging.handlers import QueueHandler
from multiprocessing.process import BaseProcess
from queue import SimpleQueue

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.lake import connect
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.lake.engines import BuildDay, Built, UnbuiltDaysError, build_day, build_each
from ecom_pipeline.lake.rows import CachingReader
from ecom_pipeline.settings import Settings


@dataclass(frozen=True)
class ProcessEngine:
    """Builds up to `few` days in this process, and more days in a pool of `processes`.

    A process needs a CPU second to start, enough to build dozens of days of the data set's size.
    """

    settings: Settings
    processes: int = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    few: int = 15
    build_day: BuildDay = build_day

    def build(self, days: Sequence[date]) -> Iterator[Built]:
        if len(days) <= self.few or self.processes == 1:
            lake, read = connect.lake(self.settings), CachingReader()
            yield from build_each(days, lambda day: self.build_day(lake, day, read))
            return
        fresh = multiprocessing.get_context("spawn")  # boto3 and Dagster have threads: no fork
        with ProcessPoolExecutor(self.processes, fresh, _end_with_parent) as pool:
            reasons: dict[date, str] = {}
            building = [pool.submit(_build, self, day) for day in days]
            for day, built, reason, records in _results(building):
                for record in records:
                    logging.getLogger(record.name).handle(record)
                if built is None:
                    reasons[day] = reason
                else:
                    yield built
        if reasons:
            raise UnbuiltDaysError(reasons)


_Result = tuple[date, Built | None, str, list[logging.LogRecord]]


def _results(building: Sequence[Future[_Result]]) -> Iterator[_Result]:
    """Yield results; after an unexpected error only those that had been begun, then raise it."""
    failed: BaseException | None = None
    for each in as_completed(building):
        if each.cancelled():
            continue
        error = each.exception()
        if error is None:
            yield each.result()
        elif failed is None:
            failed = error
            for other in building:
                other.cancel()
    if failed is not None:
        raise failed


@cache
def _tools(settings: Settings) -> tuple[Lake, CachingReader]:
    return connect.lake(settings), CachingReader()


def _build(engine: ProcessEngine, day: date) -> _Result:
    """Return a day, what was built of it or why it can't be, and what was logged meanwhile."""
    lake, read = _tools(engine.settings)
    with _kept_records() as records:
        try:
            return day, engine.build_day(lake, day, read), "", records
        except EcomError as error:
            return day, None, str(error), records


class _Kept(QueueHandler):
    """Keeps a process's log records in a form that can be sent to another process."""

    def __init__(self) -> None:
        super().__init__(SimpleQueue())
        self.records: list[logging.LogRecord] = []

    def enqueue(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _kept_records() -> Generator[list[logging.LogRecord]]:
    kept, root = _Kept(), logging.getLogger("ecom_pipeline")
    root.addHandler(kept)
    try:
        yield kept.records
    finally:
        root.removeHandler(kept)


def _end_with_parent() -> None:
    """Exit this process when its parent is killed, instead of waiting for work forever."""
    threading.Thread(target=_watch, args=(multiprocessing.parent_process(),), daemon=True).start()


def _watch(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
