"""Dagster's log of a run or tick: what the layers below log is forwarded to it; its JSON lines."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from ecom_pipeline import stages

_ROOT = logging.getLogger("ecom_pipeline")


class _Forward(logging.Handler):
    """Hands records to a Dagster log, which stores them with its run or tick."""

    def __init__(self, log: logging.Logger) -> None:
        super().__init__()
        self._log = log
        self._forwarded: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text, fields = record.getMessage(), stages.fields_of(record)
        if not fields and text in self._forwarded:
            return  # several listings of a run skip the same object
        self._forwarded.add(text)
        self._log.log(record.levelno, text, extra={"fields": fields})


@contextmanager
def forwarded(log: logging.Logger) -> Iterator[None]:
    """Forward what ecom_pipeline logs to the log of a run, a sensor's tick or a schedule's."""
    handler = _Forward(log)
    _ROOT.addHandler(handler)
    try:
        yield
    finally:
        _ROOT.removeHandler(handler)


class RunLines(stages.JsonLines):
    """The formatter of production's dagster.yaml: JSON with the record's run, job and step.

    A failed step has the reason that it gave. Of an unexpected error only the kind is in the line,
    as its text may quote data; the run has all of it.
    """

    def facts(self, record: logging.LogRecord) -> dict[str, object]:
        meta: dict[str, Any] = record.__dict__.get("dagster_meta") or {}
        event: dg.DagsterEvent | None = meta.get("dagster_event")
        named = {
            "run_id": meta.get("run_id"),
            "job": meta.get("job_name"),
            "step": meta.get("step_key"),
            "event": event.event_type_value if event else None,
        }
        found = super().facts(record) | {k: v for k, v in named.items() if v is not None}
        if meta.get("orig_message"):
            found["message"] = meta["orig_message"]
        if event and event.is_step_failure:
            found["reason"] = _reason(event)
        return found


def _reason(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    return str(data.error.cls_name) if data.error else "unknown"
