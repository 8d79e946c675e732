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
        self._forwarded: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text not in self._forwarded:  # several listings of a run skip the same object
            self._forwarded.add(text)
            self._log.log(record.levelno, text)


@contextmanager
def forwarded(log: logging.Logger) -> Iterator[None]:
    """Forward what ecom_pipeline logs to the log of a run, a sensor's tick or a schedule's."""
    handler = _Forward(log)
    _ROOT.addHandler(handler)
    try:
        yield
    finally:
        _ROOT.removeHandler(handler)
