"""Dagster's log of a run or tick: what the layers below log is forwarded to it; JSON lines."""

import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO

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


class _RunLines(stages.JsonLines):
    """Formats a record as one line of JSON that also names the run, its job and its step."""

    def facts(self, record: logging.LogRecord) -> dict[str, object]:
        return super().facts(record) | _STEP


class _JsonHandler(logging.StreamHandler[TextIO]):
    """Prints JSON lines on the standard output of this moment."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout  # Dagster replaces it while it captures a step's output
        super().emit(record)


_STEP: dict[str, str] = {}  # a process executes one step at a time
_JSON = _JsonHandler()
_JSON.setFormatter(_RunLines())


def print_as(log_format: str) -> None:
    """Print what ecom_pipeline logs in this process as JSON lines if the format is "json"."""
    _ROOT.removeHandler(_JSON)
    if log_format == "json":
        _ROOT.addHandler(_JSON)


@contextmanager
def forwarded(log: logging.Logger, **step: str) -> Iterator[None]:
    """Forward what ecom_pipeline logs to the log of a run, a sensor's tick or a schedule's.

    `step` has what JSON lines say of a run meanwhile: run_id, job, step.
    """
    handler = _Forward(log)
    _ROOT.addHandler(handler)
    _STEP.update(step)
    try:
        yield
    finally:
        _ROOT.removeHandler(handler)
        for name in step:
            _STEP.pop(name, None)


StepContext = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def of_step(context: StepContext) -> AbstractContextManager[None]:
    """Forward to the log of a step of a run."""
    run, step = context.run, context.op_execution_context.op.name
    return forwarded(context.log, run_id=run.run_id, job=run.job_name, step=step)
