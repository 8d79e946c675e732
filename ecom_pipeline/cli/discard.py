"""ecom quarantine discard: close quarantined records that were sent by mistake, with a reason."""

from typing import Any

import click

from ecom_pipeline.cli.quarantine import configured_settings, filters, quarantine
from ecom_pipeline.terminal.options import show


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

    from ecom_pipeline.lake import identity
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
            who=identity.caller(configured),
            moment=datetime.now(UTC),
            why=why.strip(),
            selection=selection,
        )
        discard.discard(lake, found, logged)
        click.echo(f"discarded {len(found):,}: {logged.why}")


COMMANDS: list[click.Command] = []  # it is a command of the group `quarantine`
