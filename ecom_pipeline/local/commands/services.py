"""ecom local: the AWS on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ecom_pipeline.settings import Settings


@contextmanager
def listing_what_runs(configured: "Settings") -> Iterator[None]:
    """Handle SIGINT and SIGTERM during a start.

    Raises:
        LocalError: the start was interrupted; the message lists the services that are running.
    """
    from ecom_pipeline.local import stack
    from ecom_pipeline.local.signals import interruptible

    try:
        with interruptible():
            yield
    except KeyboardInterrupt:
        going = [name for name, pid in stack.status(configured).items() if pid]
        what = f"still running: {', '.join(going)}" if going else "nothing is running"
        raise stack.LocalError(
            f"interrupted; {what}; `ecom local up` starts the missing services, `ecom local down`"
            " stops all"
        ) from None


@click.group()
def local() -> None:
    """AWS on this machine: an emulator, a stream poller, a warehouse; kept in .local/."""


@local.command()
def up() -> None:
    """Start the local AWS and deploy infra/ to it; idempotent.

    Example: ecom local up

    Ports: ECOM_ENDPOINT_URL=http://127.0.0.1:4567 ECOM_REDSHIFT_PORT=5440 ecom local up
    """
    from ecom_pipeline import settings
    from ecom_pipeline.local import stack

    configured = settings.load()
    with listing_what_runs(configured):
        address = stack.up(configured, say=lambda text: click.echo(f"{text} ..."))
    click.echo(f"API: {address.url}")
    click.echo("customer page: ecom page CUSTOMER")


@local.command()
def down() -> None:
    """Stop the local AWS; its data are kept.

    Example: ecom local down
    """
    from ecom_pipeline import settings
    from ecom_pipeline.local import stack

    stopped = stack.down(settings.load())
    click.echo(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")


@local.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def status(*, as_json: bool) -> None:
    """Show which services are running; exit 1 when one is not.

    Example: ecom local status
    """
    import json

    from ecom_pipeline import settings
    from ecom_pipeline.local import stack

    found = stack.status(settings.load())
    if as_json:
        click.echo(json.dumps(found))
    else:
        for name, pid in found.items():
            click.echo(f"{name:10} {f'runs, pid {pid}' if pid else 'does not run'}")
    raise SystemExit(0 if all(found.values()) else 1)


@local.command()
def env() -> None:
    """Print export statements with which any AWS client uses the local AWS.

    Example: eval "$(ecom local env)"
    """
    import shlex

    from ecom_pipeline import settings
    from ecom_pipeline.local import stack

    configured = settings.load()
    address = stack.address(configured)
    exports = settings.aws_environment(configured) | {
        settings.variable("api_url"): address.url,
        settings.variable("api_key"): address.api_key,
    }
    for name, value in exports.items():
        click.echo(f"export {name}={shlex.quote(value)}")


COMMANDS = [local]
