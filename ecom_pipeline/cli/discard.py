"""ecom quarantine discard: close quarantined records that were sent by mistake, with a reason."""

from typing import TYPE_CHECKING, Any

import click

from ecom_pipeline.cli.quarantine import configured_settings, filters, quarantine
from ecom_pipeline.terminal.options import show

if TYPE_CHECKING:
    from ecom_pipeline.settings import Settings


@quarantine.command("discard")
@filters
@click.option("--why", required=True, help="Why, in a sentence: it is logged.")
@click.option("--yes", is_flag=True, help="Discard; without it, only a dry run.")
def discard(*, why: str, yes: bool, **wanted: Any) -> None:
    """Discard records: no figure counts them as open any more.

    Their bytes are kept under discarded/, and who discarded how many, when and why, under
    discards/. A discarded record can still be shown and replayed (--discarded). A record that is
    discarded already is not found again.

    Example: ecom quarantine discard --day 2026-11-30 --why "a test file" --yes
    """
    from datetime import UTC, datetime

    from ecom_pipeline.quarantine import discard, replay
    from ecom_pipeline.warehouse import connect

    if not why.strip():
        raise click.UsageError("--why takes a sentence")
    configured = configured_settings()
    lake = connect.lake(configured)
    found = list(replay.find(lake, replay.QuarantineFilter(**wanted)))
    rows = [(*group, count) for group, count in replay.count(found).items()]
    show(f"To discard: {len(found):,} records", ["received", "reason", "field", ""], rows)
    if not found:
        click.echo("nothing to discard")
    elif not yes:
        click.echo("nothing was changed: --yes discards them")
    else:
        selection = {name: str(value) for name, value in wanted.items() if value is not None}
        logged = discard.entry(
            found,
            who=_who(configured),
            moment=datetime.now(UTC),
            why=why.strip(),
            selection=selection,
        )
        discard.discard(lake, found, logged)
        click.echo(f"discarded {len(found):,}: {logged.why}")


def _who(configured: "Settings") -> str:
    """Return the user of this machine, and the AWS identity."""
    import getpass
    import os

    from ecom_pipeline.warehouse import connect

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = f"uid {os.getuid()}"
    return f"{user}, {connect.client(configured, 'sts').get_caller_identity()['Arn']}"


COMMANDS: list[click.Command] = []  # it is a command of the group `quarantine`
