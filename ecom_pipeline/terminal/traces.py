"""A trace for a terminal: one event hop by hop, or an invoice's events, one a row.

Texts that others wrote are printed with their control characters escaped.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ecom_pipeline.domain.printable import printable
from ecom_pipeline.terminal.tables import counted, listing
from ecom_pipeline.trace.model import Copy, Found, SetAside, Trace

_Fact = tuple[str, str]


def show_trace(found: Found, trace: Trace, console: Console) -> None:
    """Print one event: its states, its hops, and all else that the stores tell of it."""
    states = ", ".join(trace.states) or "unknown: no store has it"
    style = "red" if trace.missing or not trace.found else "bold"
    console.print(Text(printable(f"event {trace.event_id}: {states}"), style))
    out = Table.grid(padding=(0, 2))
    for name, fact in _facts(trace):
        out.add_row(Text(name, "dim"), Text(printable(fact), overflow="fold"))
    for text in found.looked:
        out.add_row(Text("looked in", "dim"), Text(printable(text), overflow="fold"))
    console.print(out)
    _show_notes(found, console)


def show_invoice(number: str, found: Found, console: Console) -> None:
    """Print the events of an invoice, and its records that were set aside."""
    rows = [
        [
            each.event_id,
            str(each.invoice_date or ""),
            str(len(each.copies)),
            "yes" if each.item else "no",
            "yes" if each.csv else "no",
            "" if each.version is None else str(each.version),
            ", ".join(each.states),
        ]
        for each in found.traces
    ]
    columns = ["event", "day", "in raw", "DynamoDB", "CSV", "version", "states"]
    title = printable(f"Invoice {number}: {counted(len(rows), 'event')}")
    console.print(listing(title, columns, [list(map(printable, row)) for row in rows]))
    for each in found.aside:
        console.print(Text(printable(_set_aside(each)), overflow="fold"))
    if not rows:
        console.print(Text(printable(f"looked in {'; '.join(found.looked)}"), overflow="fold"))
    _show_notes(found, console)


def _show_notes(found: Found, console: Console) -> None:
    for note in found.notes:
        console.print(Text(printable(note), "red", overflow="fold"))


def _facts(trace: Trace) -> Iterator[_Fact]:
    if trace.invoice_no:
        customer = next((c.customer for c in trace.copies if c.content == "first"), "")
        known = {"known": ", of a known customer", "none": ", without a customer"}.get(customer, "")
        yield "invoice", f"{trace.invoice_no}, {trace.invoice_date}{known}"
    yield from _hops(trace)
    if trace.item:
        taken = f", retracted: {trace.item.retracted}" if trace.item.retracted else ""
        yield "DynamoDB", f"INVOICE#{trace.item.invoice_no} LINE#{trace.event_id}{taken}"
    yield from _warehouse(trace)
    yield from _others(trace)


def _hops(trace: Trace) -> Iterator[_Fact]:
    """Yield each step of the first record, its time, and where it left the event."""
    first = next((copy for copy in trace.copies if copy.content == "first"), None)
    places = {} if first is None else _places(trace, first)
    for hop in trace.hops:
        after = "" if hop.seconds is None else f" +{hop.seconds:,.1f} s"
        yield hop.name, f"{_moment(hop.at)}{after}{places.get(hop.name, '')}"
        if hop.name == "raw" and first and not first.sequence:
            yield "", f"{first.shard}, between {first.first_sequence} and {first.last_sequence}"


def _places(trace: Trace, first: Copy) -> dict[str, str]:
    csv, manifest = trace.csv, trace.manifest
    places = {
        "accepted": f", event id from the {first.id_source}",
        "stream": f", {first.shard}, sequence number {first.sequence}",
        "raw": f", {first.key} line {first.line}",
        "fact": f", version {trace.version}",
    }
    if csv and manifest:
        built = f"rules {manifest.rules}, from {counted(manifest.sources, 'raw object')}"
        places["CSV"] = f", {csv.part} line {csv.line}; {built}"
    return places


def _warehouse(trace: Trace) -> Iterator[_Fact]:
    for version in trace.versions:
        yield "day", f"version {version.version}, {version.cause}, {_moment(version.published_at)}"
    if trace.versions:
        built = trace.marts_version
        newest = "" if built == trace.versions[-1].version else "; the next refresh updates them"
        yield "marts", ("not built" if built is None else f"of version {built}") + newest


def _others(trace: Trace) -> Iterator[_Fact]:
    for copy in trace.copies:
        if copy.content != "first":
            at = f", sequence number {copy.sequence}" if copy.sequence else ""
            where = f"{copy.key} line {copy.line}{at}"
            yield copy.content, f"{_moment(copy.received_at)}, {where}"
    taken = trace.retraction
    if taken:
        what = "reinstated" if taken.stands else "retracted"
        instead = f", replaced by {taken.replaced_by}" if taken.replaced_by else ""
        yield what, f"{_moment(taken.at)} by {taken.by}: {taken.cause}{instead}"
    for match in trace.returns:
        line = f"{match.event_id} of invoice {match.invoice_no}" if match.event_id else "no sale"
        yield match.role, f"{line}: {counted(match.pieces, 'piece')}, {match.match}"
    for each in trace.aside:
        yield each.state, _set_aside(each)
    for batch in trace.given_up:
        yield "given up", f"{batch.function}, {batch.cause}, {_moment(batch.at)}: ecom redeliver"


def _set_aside(each: SetAside) -> str:
    wrong = ", ".join(filter(None, (each.reason, each.field, f"expected {each.expected}")))
    option = " --discarded" if each.state == "discarded" else ""
    more = each.key if each.state == "replayed" else f"ecom quarantine show {each.id}{option}"
    return f"{_moment(each.received_at)}, {wrong}: {more}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def exit_code(traces: Sequence[Trace], aside: Iterable[SetAside]) -> int:
    """Return 1 if nothing was found, or if a store lacks an event that it should have."""
    known = any(each.found for each in traces) or any(True for _ in aside)
    return 1 if not known or any(each.missing for each in traces) else 0
