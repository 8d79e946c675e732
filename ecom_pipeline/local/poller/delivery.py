"""Deliver a batch to its end: retry, bisect, discard, in Lambda's order.

`after` is the decision, `deliver` the loop around it; all side effects are behind `Target`, so both
are tested without I/O. The rules are Lambda's:
docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Protocol

from ecom_pipeline.local.poller.invocation import InvocationResult, NotInvoked
from ecom_pipeline.local.poller.mapping import FOR_EVER, Mapping
from ecom_pipeline.local.poller.records import Record

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
LONGEST_REFUSED = 2.0  # seconds; a restarting emulator is soon available
EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"


@dataclass(frozen=True, slots=True)
class Work:
    """Records to deliver together, and the attempts so far."""

    records: tuple[Record, ...]
    failures: int = 0  # those that count against MaximumRetryAttempts: bisecting does not
    refusals: int = 0
    invocations: int = 0


@dataclass(frozen=True, slots=True)
class Discard:
    """Records that are discarded, and the reason."""

    records: tuple[Record, ...]
    condition: str
    invocations: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The result of an invocation: finished records, a discard, and what to deliver next."""

    finished: tuple[Record, ...] = ()
    discard: Discard | None = None
    pending: tuple[Work, ...] = ()
    pause: float = 0


class Target(Protocol):
    """The side effects of a delivery."""

    def invoke(self, records: Sequence[Record]) -> InvocationResult | NotInvoked:
        """Invoke the function once."""
        ...

    def discard(self, discard: Discard) -> bool:
        """Send to the on-failure destination; False if that failed, so that delivery stops."""
        ...

    def finished(self, records: Sequence[Record]) -> None:
        """Mark records as finished."""
        ...

    def pause(self, seconds: float) -> bool:
        """Sleep for some seconds; True if delivery has to stop."""
        ...

    def now(self) -> float:
        """Return the current time in epoch seconds, as in the records."""
        ...


def deliver(records: Sequence[Record], mapping: Mapping, target: Target) -> bool:
    """Deliver a batch to its end; False if it was stopped before."""
    pending = [Work(tuple(records))]
    pause = 0.0
    while pending:
        if target.pause(pause):
            return False
        step = _attempt(pending.pop(0), mapping, target)
        if step.finished:
            target.finished(step.finished)
        if step.discard and not target.discard(step.discard):
            return False
        if step.discard:
            target.finished(step.discard.records)
        pending[:0] = step.pending
        pause = step.pause
    return True


def _attempt(work: Work, mapping: Mapping, target: Target) -> Step:
    old = expired(work.records, mapping.max_age, target.now())
    if old:
        rest = replace(work, records=work.records[len(old) :])
        return Step(
            discard=Discard(old, TOO_OLD, work.invocations),
            pending=(rest,) if rest.records else (),
        )
    return after(work, target.invoke(work.records), mapping)


def expired(records: tuple[Record, ...], max_age: int, now: float) -> tuple[Record, ...]:
    """Return the leading records that are older than the mapping's maximum age."""
    if max_age == FOR_EVER:
        return ()
    return tuple(takewhile(lambda one: now - one.arrived > max_age, records))


def after(work: Work, outcome: InvocationResult | NotInvoked, mapping: Mapping) -> Step:
    """Decide what follows an invocation."""
    if isinstance(outcome, NotInvoked):
        again = replace(work, refusals=work.refusals + 1)
        return Step(pending=(again,), pause=backoff(again.refusals, LONGEST_REFUSED))
    done, left = work.records[: outcome.finished], work.records[outcome.finished :]
    if not left:
        return Step(done)
    # Progress resets the retries: the failed records have not been retried by themselves yet.
    failures = 0 if done else work.failures
    invocations = work.invocations + 1
    if mapping.bisect and len(left) > 1:
        return Step(done, pending=_halves(Work(left, failures, 0, invocations)))
    if failures >= mapping.max_retries != FOR_EVER:
        return Step(done, Discard(left, EXHAUSTED, invocations, outcome.error))
    again = Work(left, failures + 1, 0, invocations)
    return Step(done, pending=(again,), pause=backoff(again.failures))


def _halves(work: Work) -> tuple[Work, Work]:
    middle = len(work.records) // 2
    first, second = work.records[:middle], work.records[middle:]
    return replace(work, records=first), replace(work, records=second)


def backoff(tries: int, longest: float = LONGEST_PAUSE) -> float:
    """Return the seconds to wait after so many consecutive failures."""
    return min(FIRST_PAUSE * 2 ** min(tries - 1, 16), longest)
