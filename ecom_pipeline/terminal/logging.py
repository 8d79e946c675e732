"""The pipeline's log on the error stream: stages, retries and waits (-v), and warnings."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

import click

from ecom_pipeline import stages


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        click.echo(self.format(record), err=True)


@contextmanager
def shown() -> Generator[None]:
    """Print stages, retries and waits with their time, one a line."""
    lines = _Lines()
    lines.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    stages.LOG.addHandler(lines)
    try:
        yield
    finally:
        stages.LOG.removeHandler(lines)
