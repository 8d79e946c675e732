"""ecom doctor, status, completion: prerequisites, progress of the stores, shell completion."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.text import Text

    from ecom_pipeline.health.finding import Check
    from ecom_pipeline.health.status import Store

_COLOURS = {"ok": "green", "warning": "yellow", "missing": "bold red"}
_SHELLS = {
    "bash": 'eval "$(ecom completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(ecom completion zsh)"    # in ~/.zshrc, after compinit',
    "fish": "ecom completion fish | source    # in ~/.config/fish/config.fish",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def doctor(*, as_json: bool) -> None:
    """Check this machine's and the stores' prerequisites, and show remedies.

    Each store gets one harmless call. Exit 1 when a prerequisite of the pipeline is missing; a
    warning only affects the feature that it names.

    Example: ecom doctor
    """
    import msgspec

    from ecom_pipeline.health import doctor

    found = doctor.examine()
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _show(found)
    raise SystemExit(1 if any(each.state == "missing" for each in found) else 0)


def _show(found: "list[Check]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    out = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("", "check", "found"):
        out.add_column(name, overflow="fold")
    for each in found:
        out.add_row(
            Text(each.state, _COLOURS[each.state]), Text(each.name), _message(each.found, each.todo)
        )
    Console().print(out)


def _message(found: str, todo: str) -> "Text":
    from rich.text import Text

    return Text(found) if not todo else Text.assemble(found, "\n-> ", (todo, "bold"))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def status(*, as_json: bool) -> None:
    """Show each store's progress: lag, newest day, last load, pending days, quarantine, trust.

    It is read-only. Exit 1 when a store does not answer; the others are still shown.

    Example: ecom status
    """
    import msgspec

    from ecom_pipeline import settings
    from ecom_pipeline.health import status

    found = status.read(settings.load())
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _show_stores(found)
    raise SystemExit(1 if any(each.trouble for each in found) else 0)


def _show_stores(stores: "list[Store]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    out = Table.grid(padding=(0, 2))
    for store in stores:
        lines = [Text(store.trouble, "red")] if store.trouble else _facts(store)
        out.add_row(Text(store.name, "bold"), Text("\n").join(lines))
    Console().print(out)


def _facts(store: "Store") -> "list[Text]":
    from datetime import datetime

    from rich.text import Text

    def shown(value: object) -> str:
        match value:
            case None:
                return "none"
            case bool():
                return "yes" if value else "no"
            case int():
                return f"{value:,}"
            case datetime():
                return f"{value:%Y-%m-%d %H:%M:%S}"
            case _:
                return str(value)

    parts = [
        Text.assemble((f"{name.replace('_', ' ')} ", "dim"), shown(value))
        for name, value in store.facts.items()
    ]
    return [Text("   ").join(parts)]


@click.command()
@click.argument("shell", type=click.Choice(list(_SHELLS)))
def completion(shell: str) -> None:
    """Print the shell code for the completion of ecom's commands and options.

    Example: eval "$(ecom completion bash)"
    """
    from click.shell_completion import get_completion_class

    from ecom_pipeline.cli import ecom

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(ecom, {}, "ecom", "_ECOM_COMPLETE").source())


COMMANDS = [doctor, status, completion]
