"""ecom: the commands. Each parses its arguments, calls one function, prints its answer.

Exit codes: 0 done, 1 the stores differ, 2 it could not be done, with one sentence why.
"""

import sys

import click

from ecom_pipeline.cli import (
    cost,
    drill,
    erase,
    events,
    health,
    line,
    local,
    page,
    plan,
    quarantine,
    report,
    stores,
    tableau,
    token,
)

# by name, so that `ecom --help` imports none of the libraries they come from
_EXPECTED = (
    "SettingsError",
    "LocalError",
    "DatasetError",
    "SendError",
    "ManifestError",
    "DamagedObjectError",
    "TombstoneError",
    "WarehouseError",
    "ExtractError",
    "RunFailedError",
    "QueryError",
    "PackagingError",
    "EndpointConnectionError",
    "NoCredentialsError",
    "PermissionError",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def ecom() -> None:
    """A shop's sales events, exactly once, in a real-time store and in a warehouse."""


for module in (
    local,
    health,
    events,
    plan,
    cost,
    stores,
    quarantine,
    erase,
    token,
    page,
    tableau,
    report,
    line,
    drill,
):
    for command in module.COMMANDS:
        ecom.add_command(command)


def main() -> None:
    """Run a command; what can be expected to go wrong is one sentence and exit code 2."""
    try:
        ecom(prog_name="ecom")
    except Exception as error:  # the one edge; what is not expected is raised on
        if not any(kind.__name__ in _EXPECTED for kind in type(error).__mro__):
            raise
        click.echo(f"ecom: {error}", err=True)
        sys.exit(2)
