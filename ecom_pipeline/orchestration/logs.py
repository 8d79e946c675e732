"""Forwarding of the pipeline's log records to Dagster's log of a run or tick."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_ROOT = logging.getLogger("ecom_pipeline")


class _Forward(logging.Handler):
    """Hands records to a Dagster log, which stores them with its run or tick."""

    def __init__(self, log: logging.Logger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.log(record.levelno, record.getMessage())


@contextmanager
def forwarded(log: logging.Logger) -> Iterator[None]:
    """Forward what ecom_pipeline logs to the log of a run, a sensor's tick or a schedule's."""
    handler = _Forward(log)
    _ROOT.addHandler(handler)
    try:
        yield
    finally:
        _ROOT.removeHandler(handler)
