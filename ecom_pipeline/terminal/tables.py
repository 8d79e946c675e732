"""Tables for a terminal: exact money, right-aligned numbers, one row or column a store."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from unicodedata import category

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ecom_pipeline.cost.prices import prices
from ecom_pipeline.domain.currency import Currency
from ecom_pipeline.domain.shop import Shop
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.reconcile.compare import Reconciliation
from ecom_pipeline.reconcile.model import Discrepancy, StoreName
from ecom_pipeline.warehouse.plan import LoadPlan

SHOWN_DAYS = 31
SHOWN_ALIKE = 3  # discrepancies of a day that differ by their event only
SHOWN_LINES = 200
_SYMBOL = 6  # of a currency: characters, a space included
_UNBOUNDED = 100_000  # a terminal width that fits any table


def table(title: str, *columns: str) -> Table:
    """Return an empty table: first column left-aligned, all others right-aligned."""
    out = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for n, name in enumerate(columns):
        out.add_column(name, justify="right" if n else "left", no_wrap=True)
    return out


def listing(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table of any values: columns of numbers right-aligned, long texts folded."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    out = Table(title=Text(title), title_justify="left", title_style="bold", header_style="dim")
    for n, name in enumerate(columns):
        numeric = all(_is_number(row[n]) for row in cells)
        out.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        out.add_row(*map(Text, row))  # Text: brackets in a description are not markup
    return out


def _is_number(cell: str) -> bool:
    """Return whether a cell begins with a digit, after a sign and a currency if there are any."""
    text = cell.removeprefix("-")
    symbol = next((text[:n] for n, each in enumerate(text) if each.isdigit()), " ")
    return not symbol or (len(symbol) <= _SYMBOL and category(symbol[-1]) in {"Sc", "Zs"})


def answer(columns: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> RenderableType:
    """Return a query's result: a table, or one list per row if a table would break words.

    `width` is the terminal's, in columns.
    """
    found = listing("", columns, rows)
    unbounded = Console(width=_UNBOUNDED)
    if not rows or Measurement.get(unbounded, unbounded.options, found).minimum <= width:
        return found
    return Group(*(part for n, row in enumerate(rows, 1) for part in _record(n, columns, row)))


def _record(number: int, columns: Sequence[str], row: Sequence[object]) -> Iterable[RenderableType]:
    yield Rule(str(number), align="left", style="dim")
    out = Table.grid(padding=(0, 2))
    for name, cell in zip(columns, row, strict=True):
        out.add_row(Text(name, "dim"), Text("" if cell is None else str(cell)))
    yield out


def show_plan(plan: LoadPlan, shop: Shop, console: Console) -> None:
    """Print each day's new version, what would not be loaded, and the reasons for an approval."""
    if plan.outdated:
        count = counted(len(plan.outdated), "day")
        console.print(f"rules changed: {count} would be built by today's")
    if plan.outdated_marts:
        count = counted(plan.outdated_marts, "day")
        console.print(f"marts' SQL changed: the next refresh computes {count} again")
    held_back = [
        *(("above the bound", reason) for reason in plan.reasons),
        *(("would be refused", fault) for fault in plan.refused),
        *(("can't be built", f"{day}: {why}") for day, why in plan.unbuilt.items()),
    ]
    if plan.days:
        console.print(_plan_table(plan, shop))
    elif not held_back:
        console.print("nothing would change")
    for what, why in held_back:
        console.print(Text.assemble((what, "bold"), f" {why}"))
    if plan.unbuilt and plan.reasons:
        console.print("load and approve the spans between the days that can't be built")


def _plan_table(plan: LoadPlan, shop: Shop) -> Table:
    out = table(f"Plan {plan.id}", "day", "cause", "rows", "+", "-", "changed", "revenue", "delta")
    for day, entry in plan.days.items():
        change = entry.change
        counts = (entry.totals.rows, change.added, change.removed, change.changed)
        texts = [f"{count:,}" for count in counts]
        amounts = (entry.totals.amount, entry.amount_delta)
        texts += [shop.currency.aligned(each) for each in amounts]
        until = entry.running_until and entry.running_until.astimezone(shop.time_zone)
        out.add_row(f"{day} until {until:%H:%M}" if until else str(day), entry.cause, *texts)
    return out


def show_reconciliation(found: Reconciliation, currency: Currency, console: Console) -> None:
    """Print the days, the stores' totals, and the discrepancies."""
    if len(found.days) <= SHOWN_DAYS:
        console.print(_days_table(found, currency))
    out = table("The stores", "store", "rows", "pieces", "revenue", "digest")
    for store in found.stores:
        out.add_row(store, *_texts(found.total(store), currency))
    console.print(out)
    if found.account:
        console.print(Text(_account(found.account, found.total(StoreName.RAW).rows), "dim"))
    if found.reading:
        dollars = prices().cost({"dynamodb_read_units": found.reading.read_units})
        console.print(Text(f"DynamoDB by {found.reading}, ${dollars:.4f}", "dim"))
    for difference in found.differences:
        console.print(Text(difference, "red"))
    for line in finding_lines([*found.wrong, *found.in_flight]):
        console.print(Text(f"  {line}"))
    count = len(found.differences)
    verdict = f"[{'red' if count else 'bold green'}]{counted(count, 'difference')}"
    way = f", {counted(len(found.in_flight), 'event')} in flight" if found.in_flight else ""
    where = f"{counted(len(found.days), 'day')}, {counted(len(found.stores), 'store')}"
    console.print(f"{verdict}[/] in {where}{way}\n")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is 1."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def finding_lines(findings: Sequence[Discrepancy]) -> list[str]:
    """Return discrepancies as lines; at most SHOWN_ALIKE for each day, store, kind and state.

    A lost object or a damaged part has thousands of events; they must not hide other faults.
    """
    lines: list[str] = []
    for _, group in groupby(findings, lambda each: (each.day, each.store, each.kind, each.state)):
        alike = list(group)
        lines += map(str, alike[:SHOWN_ALIKE])
        if len(alike) > SHOWN_ALIKE:
            count = len(alike) - SHOWN_ALIKE
            lines.append(f"{alike[0].day} {alike[0].store}: and {count:,} more {alike[0].kind}")
    more = len(lines) - SHOWN_LINES
    end = [f"... and {more:,} lines more: --json has them all"] if more > 0 else []
    return lines[:SHOWN_LINES] + end


def _account(account: Mapping[str, int], rows: int) -> str:
    """Return the number of raw records by outcome, as text."""
    parts = {"rows": rows} | {k: n for k, n in account.items() if k != "read"}
    return f"{account['read']:,} raw records = " + " + ".join(
        f"{n:,} {k}" for k, n in parts.items()
    )


def _days_table(found: Reconciliation, currency: Currency) -> Table:
    """Return a table with one row a day: the first store's totals, and whether all are equal."""
    out = table("The days", "day", "rows", "pieces", "revenue", "digest", "in all stores")
    for day in found.days:
        held = [days.get(day, Totals()) for days in found.stores.values()]
        agree = all(each == held[0] for each in held)
        out.add_row(
            str(day), *_texts(held[0], currency), "[green]equal" if agree else "[red]differ"
        )
    return out


def _texts(totals: Totals, currency: Currency) -> tuple[str, ...]:
    amount = currency.aligned(totals.amount)
    return f"{totals.rows:,}", f"{totals.quantity:,}", amount, f"{totals.digest:x}"
