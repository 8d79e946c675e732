"""ecom quarantine: list, show and replay quarantined records; discard is in discard.py."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ecom_pipeline.terminal.options import show

if TYPE_CHECKING:
    from ecom_pipeline.client.events_api import Client
    from ecom_pipeline.quarantine.replay import (
        Outcome,
        Producer,
        QuarantinedRecord,
        ReplayCandidate,
    )
    from ecom_pipeline.settings import Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FIELD_WIDTH = 60
_DISCARDED = click.option("--discarded", is_flag=True, help="Among the discarded records.")


class _Day(click.ParamType):
    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r}: expected YYYY-MM-DD", param, ctx)


DAY = _Day()


def filters(command: _Command) -> _Command:
    """Add the filters of records: an id from `show`, reason, day of arrival, field."""
    for each in (
        click.argument("id", required=False),
        click.option("--reason", help="invalid, not_json, too_large, id_conflict, unreadable."),
        click.option("--day", type=DAY, help="The day on which it was received."),
        click.option("--field", help="The field at fault."),
    ):
        command = each(command)
    return command


@click.group()
def quarantine() -> None:
    """List, show, replay and discard quarantined records.

    Example: ecom quarantine list
    """


@quarantine.command("list")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def list_(*, as_json: bool) -> None:
    """Count quarantined records by day of arrival, reason and field; list the discards.

    Example: ecom quarantine list
    """
    import json

    from ecom_pipeline.quarantine import discard, replay
    from ecom_pipeline.warehouse import connect

    lake = connect.lake(configured_settings())
    held = {
        state: replay.count(replay.find(lake, replay.QuarantineFilter(discarded=state != "open")))
        for state in ("open", "discarded")
    }
    if as_json:
        names = ("received_date", "reason", "field", "records", "state")
        rows = [(*group, n, state) for state, found in held.items() for group, n in found.items()]
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str))
        return
    for state, groups in held.items():
        if groups or state == "open":
            title = f"Quarantine: {sum(groups.values()):,} records {state}"
            rows = [(*group, count) for group, count in groups.items()]
            show(title, ["received", "reason", "field", ""], rows)
    logged = discard.log(lake)
    if logged:
        rows = [(f"{e.moment:%Y-%m-%d %H:%M}", e.who, f"{e.records:,}", e.why) for e in logged]
        show("Discards", ["when (UTC)", "who", "records", "why"], rows)


@quarantine.command("show")
@filters
@_DISCARDED
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For scripts: the whole records.")
def show_(*, limit: int, as_json: bool, **wanted: Any) -> None:
    """Show records: the failed rule of each, and its original.

    Example: ecom quarantine show --reason invalid --field Quantity
    """
    from itertools import islice

    import msgspec

    from ecom_pipeline.quarantine import replay
    from ecom_pipeline.warehouse import connect

    lake = connect.lake(configured_settings())
    found = list(islice(replay.find(lake, replay.QuarantineFilter(**wanted)), limit))
    if as_json:
        records = [{"id": each.id, "key": each.key, "record": each.record} for each in found]
        click.echo(msgspec.json.encode(records))
        return
    columns = ["id", "received", "reason", "record", "field", "expected", "got", "original"]
    show("", columns, [_row(each) for each in found])


@quarantine.command("replay")
@filters
@_DISCARDED
@click.option(
    "--set", "changes", multiple=True, metavar="FIELD=VALUE", help="Change a field; '' removes it."
)
@click.option("--url", help="The API's URL; by default ECOM_API_URL, or the local API.")
@click.option("--yes", is_flag=True, help="Replay; without it, only a dry run.")
def replay(*, changes: tuple[str, ...], url: str | None, yes: bool, **wanted: Any) -> None:
    """Replay records: through the API, or, for records in the raw lake, by a load of their day.

    It is idempotent: an event's id is its producer's, or derived from its record. Accepted records
    are moved from quarantine/ to replayed/. Exit 1 when a record is still refused.

    Example: ecom quarantine replay --field Quantity --set Quantity=6 --yes
    """
    from contextlib import closing

    from ecom_pipeline import operations
    from ecom_pipeline.client import endpoints
    from ecom_pipeline.client.events_api import Client
    from ecom_pipeline.quarantine import replay
    from ecom_pipeline.warehouse import connect

    configured = configured_settings()
    lake = connect.lake(configured)
    candidates = replay.preview(
        lake,
        replay.find(lake, replay.QuarantineFilter(**wanted)),
        _changes(changes),
        configured.shop.today(),
    )
    _show_candidates(candidates)
    refused = sum(candidate.refusal is not None for candidate in candidates)
    if yes:
        if any(each.rebuild is not None for each in candidates):
            operations.require_loader(configured)
        with closing(Client(endpoints.producer(configured, url))) as client:
            outcome = replay.replay(lake, candidates, _producer(client))
        _show_outcome(outcome)
        _load(configured, candidates)
        replay.settle(lake, candidates)
        refused += len(outcome.refused)
    raise SystemExit(1 if refused else 0)


def configured_settings() -> "Settings":
    """Return the settings, once the local AWS is known to run if they use it."""
    from ecom_pipeline import settings
    from ecom_pipeline.client import endpoints

    configured = settings.load()
    endpoints.require(configured)
    return configured


def _changes(texts: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if not all(name and sign for name, sign, _ in pairs):
        raise click.UsageError("--set takes Field=Value, as in --set Quantity=6")
    return {name: value for name, _, value in pairs}


def _producer(client: "Client") -> "Producer":
    from ecom_pipeline.client.events_api import Rejected
    from ecom_pipeline.quarantine.revalidate import Event, Refusal

    def post(events: Sequence[Event]) -> list[Refusal | None]:
        results = client.post(list(enumerate(events, 1)))
        return [
            Refusal(each.field, each.expected, each.got) if isinstance(each, Rejected) else None
            for each in results
        ]

    return post


def _load(configured: "Settings", candidates: Sequence["ReplayCandidate"]) -> None:
    """Load the days whose rebuild now accepts quarantined records."""
    from ecom_pipeline import operations

    for day in sorted(
        {candidate.rebuild for candidate in candidates if candidate.rebuild is not None}
    ):
        operations.load_days(configured, day, day)
        click.echo(f"loaded {day}")


def _show_candidates(candidates: Sequence["ReplayCandidate"]) -> None:
    refused = [
        (t.quarantined.id, t.refusal.field, t.refusal.expected, t.refusal.got)
        for t in candidates
        if t.refusal is not None
    ]
    posts = sum(candidate.event is not None for candidate in candidates)
    days = sorted(
        {str(candidate.rebuild) for candidate in candidates if candidate.rebuild is not None}
    )
    click.echo(f"{posts:,} would be accepted by the API, {len(refused):,} are still refused")
    if days:
        click.echo(f"{len(candidates) - posts - len(refused):,} by loading {', '.join(days)}")
    if refused:
        show("Still refused", ["id", "field", "expected", "got"], refused)


def _show_outcome(outcome: "Outcome") -> None:
    click.echo(f"accepted {len(outcome.accepted):,}, refused {len(outcome.refused):,}")
    if outcome.refused:
        rows = [(kept.id, r.field, r.expected, r.got) for kept, r in outcome.refused]
        show("The API refused", ["id", "field", "expected", "got"], rows)


def _row(kept: "QuarantinedRecord") -> list[str]:
    from ecom_pipeline.domain import envelope

    record = kept.record
    original = envelope.original_bytes(record).decode(errors="replace")[:_FIELD_WIDTH]
    wrong = [record.reason, record.record, record.field, record.expected, record.got]
    return [kept.id, str(kept.day), *wrong, original]


COMMANDS = [quarantine]
