"""A replay: posts events in concurrent batches to the API, and summarises the results.

Posting and retrying of a batch is in client/events_api.py, the selection of events in dataset.py.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Protocol

from ecom_pipeline.client.events_api import (
    Accepted,
    Client,
    Numbered,
    Rejected,
    Result,
    SendError,
    Target,
)
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.replay.account import Account
from ecom_pipeline.replay.journal import Journal

EXAMPLES = 5

Batch = list[Numbered]
Progress = Callable[[int], None]


class Source(Protocol):
    """A source of a replay: numbered events, the same and in the same order at each iteration."""

    @property
    def name(self) -> str: ...
    @property
    def undated(self) -> int: ...
    def __iter__(self) -> Iterator[Numbered]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Limits of sending: events a batch, concurrent batches, and at most `rate` events a second."""

    batch_size: int = 500
    concurrency: int = 4
    rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A rejected row, as an example in the summary."""

    row: int
    reason: str
    field: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The result of a replay.

    `resumed` rows were acknowledged in an earlier, interrupted run: they are not sent again, and
    all other figures, including `days`, cover this run alone. `days` are the totals of the accepted
    events by day. `refused` is the number of accepted events that this program's validation
    rejects: the API has another version of the rules. `undated` rows have no readable date, so a
    selection of days excludes them. `last_sequence` is the highest acknowledged sequence number of
    each shard.
    """

    sent: int
    accepted: int
    rejected: Counter[str]
    examples: tuple[Example, ...]
    resumed: int
    undated: int
    refused: int
    seconds: float
    days: dict[date, Totals]
    last_sequence: dict[str, str]

    @property
    def events_per_second(self) -> float:
        return self.sent / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class _Tally:
    account: Account = field(default_factory=Account)
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    last_sequence: dict[str, str] = field(default_factory=dict)
    resumed: int = 0

    def add(self, batch: Batch, results: Sequence[Result]) -> None:
        for (number, event), result in zip(batch, results, strict=True):
            if isinstance(result, Accepted):
                self._accept(event, result)
            else:
                self._reject(number, result)

    def _accept(self, event: Mapping[str, object], result: Accepted) -> None:
        self.accepted += 1
        self.account.add(event)
        last = self.last_sequence.get(result.shard)
        if last is None or int(result.sequence) > int(last):
            self.last_sequence[result.shard] = result.sequence

    def _reject(self, number: int, result: Rejected) -> None:
        self.rejected[f"{result.reason} {result.field}".rstrip()] += 1
        self.examples.append(
            Example(
                row=number,
                reason=result.reason,
                field=result.field,
                expected=result.expected,
                got=result.got,
            )
        )
        self.examples = sorted(self.examples, key=lambda example: example.row)[:EXAMPLES]

    def summary(self, *, undated: int, seconds: float) -> Summary:
        return Summary(
            sent=self.accepted + self.rejected.total(),
            accepted=self.accepted,
            rejected=self.rejected,
            examples=tuple(self.examples),
            resumed=self.resumed,
            undated=undated,
            refused=self.account.refused,
            seconds=seconds,
            days=dict(sorted(self.account.days.items())),
            last_sequence=dict(sorted(self.last_sequence.items())),
        )


def send(
    events: Source,
    target: Target,
    *,
    pace: Pace = Pace(),
    journal_folder: Path | None = None,
    on_progress: Progress | None = None,
) -> Summary:
    """Post all events, and return when each has its result.

    At most twice `concurrency` batches are in memory. When interrupted (an error, Ctrl-C), it still
    waits for the running requests and records their batches; the same call with the same folder
    resumes after them. `on_progress` is called in the calling thread with the number of events of
    each finished batch.

    Raises:
        SendError: the API cannot be reached, or refuses a batch.
        DatasetError: the file cannot be read.
    """
    started = time.monotonic()
    name = f"{events.name} batch={pace.batch_size} url={target.url}"
    with Journal(journal_folder, name) as journal:
        replay = _Replay(Client(target), journal, on_progress or (lambda _count: None))
        replay.run(_batches(events, pace.batch_size), pace)
        journal.complete()
    return replay.tally.summary(undated=events.undated, seconds=time.monotonic() - started)


class _Replay:
    """One run of a replay; only the posting is in other threads than the calling one."""

    def __init__(self, client: Client, journal: Journal, on_progress: Progress) -> None:
        self.tally = _Tally()
        self._client = client
        self._journal = journal
        self._on_progress = on_progress
        self._under_way: dict[Future[list[Result]], tuple[int, Batch]] = {}

    def run(self, batches: Iterator[Batch], pace: Pace) -> None:
        pool = ThreadPoolExecutor(pace.concurrency, thread_name_prefix="replay")
        try:
            for number, batch in self._new(batches, _Throttle(pace.rate)):
                self._under_way[pool.submit(self._client.post, batch)] = number, batch
                if len(self._under_way) >= 2 * pace.concurrency:
                    self._collect()
            while self._under_way:
                self._collect()
        except BaseException:
            self._wind_up(pool)
            raise
        finally:
            pool.shutdown()
            self._client.close()

    def _new(self, batches: Iterator[Batch], throttle: "_Throttle") -> Iterator[tuple[int, Batch]]:
        """Yield the batches that are not acknowledged yet, throttled."""
        for number, batch in enumerate(batches):
            if number in self._journal.done:
                self.tally.resumed += len(batch)
                self._on_progress(len(batch))
            else:
                throttle.wait(len(batch))
                yield number, batch

    def _collect(self) -> None:
        done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        for future in done:
            number, batch = self._under_way.pop(future)
            self._note(number, batch, future.result())
            self._on_progress(len(batch))

    def _note(self, number: int, batch: Batch, results: list[Result]) -> None:
        self.tally.add(batch, results)
        self._journal.acknowledge(number)

    def _wind_up(self, pool: ThreadPoolExecutor) -> None:
        """Cancel pending batches and retries, and record the batches that were acknowledged."""
        self._client.stop()
        pool.shutdown(cancel_futures=True)
        for future, (number, batch) in self._under_way.items():
            if not future.cancelled() and future.exception() is None:
                self._note(number, batch, future.result())


class _Throttle:
    """Delays batches so that at most `rate` events a second are sent."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._due = time.monotonic()

    def wait(self, events: int) -> None:
        if self._rate is not None:
            now = time.monotonic()
            time.sleep(max(0.0, self._due - now))
            self._due = max(self._due, now) + events / self._rate


def _batches(events: Source, size: int) -> Iterator[Batch]:
    remaining = iter(events)
    while batch := list(islice(remaining, size)):
        yield batch


__all__ = ["Example", "Pace", "SendError", "Source", "Summary", "Target", "send"]
