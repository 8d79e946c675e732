"""What a load does, as log records: its stages, its retries and its waits.

Each record is a sentence, and has the same facts as fields, one JSON object a line where
`JsonLines` formats it. No record has the content of an event or names a customer. Handlers are
attached above: to Dagster's log of a run and, on AWS, to the standard output
(orchestration/logs.py), and to `ecom load -v`.
"""

import json
import logging
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

from ecom_pipeline.domain.errors import EcomError

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)  # the handlers above choose

Counts = dict[str, int]


@contextmanager
def stage(name: str, days: Sequence[date] = ()) -> Generator[Counts]:
    """Log a stage's begin, and its end with its seconds; the caller adds counts meanwhile.

    An error is logged by its kind. Its text only if the error is one of ours, which quote no row.
    """
    counts: Counts = {}
    span = _span(days)
    facts: dict[str, object] = {"stage": name, **span}
    _log(f"{name}: begins{_days_text(days)}", facts | {"state": "begins"})
    began = time.monotonic()
    try:
        yield counts
    except Exception as error:
        seconds = round(time.monotonic() - began, 3)
        why = described(error)
        facts |= {"state": "failed", "seconds": seconds, **counts, "reason": why}
        # a foreign error may be transient: its retry, or the step's failure, says more
        level = logging.ERROR if isinstance(error, EcomError) else logging.WARNING
        _log(f"{name}: failed after {seconds} s: {why}", facts, level)
        raise
    seconds = round(time.monotonic() - began, 3)
    numbers = "".join(f", {_counted(number, what)}" for what, number in counts.items())
    facts |= {"state": "done", "seconds": seconds, **counts}
    _log(f"{name}: done in {seconds} s{_days_text(days)}{numbers}", facts)


def skipped(name: str, days: Sequence[date], why: str) -> None:
    """Log that a stage has nothing to do."""
    facts = {"stage": name, "state": "skipped", "reason": why, **_span(days)}
    _log(f"{name}: nothing to do{_days_text(days)}: {why}", facts)


def failed(name: str, why: str) -> None:
    """Log that a step fails for good; `why` quotes no row."""
    facts = {"stage": name, "state": "failed", "reason": why}
    _log(f"{name}: failed: {why}", facts, logging.ERROR)


def retry(name: str, attempt: int, attempts: int, why: str, *, wait: float | None = None) -> None:
    """Log a failed attempt that is followed by another, `wait` seconds later if that is known."""
    then = "trying again" if wait is None else f"trying again in {wait:.1f} s"
    facts: dict[str, object] = {"stage": name, "state": "retry", "attempt": attempt}
    facts["attempts"] = attempts
    if wait is not None:
        facts["wait_seconds"] = round(wait, 3)
    text = f"{name}: attempt {attempt} of {attempts} failed: {why}; {then}"
    _log(text, facts | {"reason": why}, logging.WARNING)


def waiting(what: str, seconds: float, holders: Sequence[str]) -> None:
    """Log that a lock or pool is still waited for, and who holds it."""
    _wait(f"waiting for {what} for {seconds:.0f} s", "waiting", what, seconds, holders)


def waited(what: str, seconds: float, holders: Sequence[str] = ()) -> None:
    """Log the end of a wait, and who held what was waited for, if it is known."""
    _wait(f"waited {seconds:.0f} s for {what}", "waited", what, seconds, holders)


def described(error: BaseException) -> str:
    """Return an error as text that quotes no row: of a foreign error only its kind."""
    kind = type(error).__name__
    return f"{kind}: {error}" if isinstance(error, EcomError) else kind


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return the fields of a record of this module; none of another record."""
    return getattr(record, "fields", {})


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: time (UTC), level, message, and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.facts(record), default=str)

    def facts(self, record: logging.LogRecord) -> dict[str, object]:
        """Return what the line has."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"time": moment, "level": record.levelname, "message": record.getMessage()}
        return head | fields_of(record)


def _wait(text: str, state: str, what: str, seconds: float, holders: Sequence[str]) -> None:
    by = f"; held by {'; '.join(holders)}" if holders else ""
    facts = {"state": state, "what": what, "seconds": round(seconds, 3), "holders": list(holders)}
    _log(f"{text}{by}", facts)


def _span(days: Sequence[date]) -> dict[str, object]:
    if not days:
        return {}
    return {"days": len(days), "first_day": str(min(days)), "last_day": str(max(days))}


def _counted(number: int, what: str) -> str:
    noun = what.replace("_", " ")
    return f"{number:,} {noun.removesuffix('s') if number == 1 else noun}"


def _days_text(days: Sequence[date]) -> str:
    if not days:
        return ""
    if len(days) == 1:
        return f", {days[0]}"
    return f", {len(days):,} days from {min(days)} to {max(days)}"


def _log(text: str, fields: Mapping[str, object], level: int = logging.INFO) -> None:
    LOG.log(level, "%s", text, extra={"fields": fields})
