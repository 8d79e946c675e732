"""ecom cost: the cost on AWS of a million events or of a month."""

from decimal import Decimal
from typing import TYPE_CHECKING

import click

from ecom_pipeline.terminal.options import show

if TYPE_CHECKING:
    from ecom_pipeline.cost.bill import Line, Month
    from ecom_pipeline.cost.prices import Prices
    from ecom_pipeline.cost.usage import Recorded

_SMALL = 100


@click.command()
@click.option("--single", is_flag=True, help="One event a request, instead of full requests.")
@click.option("--rate", type=click.IntRange(1), help="Show a month with this many events a day.")
@click.option("--per-month", type=click.IntRange(1), help="Show a month with this many events.")
@click.option("--loads", type=click.IntRange(0), default=1, help="Loads a day, for a month.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def cost(
    rate: int | None, per_month: int | None, loads: int, *, single: bool, as_json: bool
) -> None:
    """Show the cost on AWS, at list prices, of a million events or of a month.

    Usage is a recorded measurement of real calls, prices are a dated file: AWS is not called. The
    original's way, one event a request, is shown for comparison.

    Example: ecom cost --rate 100000 --loads 4
    """
    from ecom_pipeline.cost import bill
    from ecom_pipeline.cost.prices import prices
    from ecom_pipeline.cost.usage import recorded

    found, priced = recorded(), prices()
    way = "one" if single else "many"
    if rate is None and per_month is None:
        _show_million(found, priced, way, as_json=as_json)
        return
    events = per_month or round((rate or 0) * bill.DAYS_A_MONTH)
    planned = bill.month(
        found, priced, way=way, events=events, loads=round(loads * bill.DAYS_A_MONTH)
    )
    if as_json:
        _echo({"prices": priced.read, "month": planned, "usd": planned.usd})
    else:
        _show_month(planned, found, priced)


def _show_million(found: "Recorded", priced: "Prices", way: str, *, as_json: bool) -> None:
    from ecom_pipeline.cost import bill

    bills = {name: bill.of_events(each, priced) for name, each in found.ways.items()}
    sums = {name: bill.total(lines) for name, lines in bills.items()}
    doors = {name: bill.ingest_api_share(lines) for name, lines in bills.items()}
    kept = bill.kept(found.ways[way], priced)
    if as_json:
        answer = {"prices": priced.read, "usage": found.recorded, "lines": bills[way]}
        _echo(answer | {"usd": sums, "front_door": doors, "kept_a_month": kept})
        return
    chosen = found.ways[way]
    show(
        f"A million events, {chosen.request} a request, in US dollars",
        ("part", "service", "billed", "units", "$", "share"),
        [*_rows(bills[way]), ("sum", "", "", "", _usd(sums[way]), "100.0%")],
    )
    for name, each in sorted(found.ways.items(), key=lambda each: each[0] != "original"):
        whose = "the original's way" if name == "original" else "ours"
        inexact = bill.total(line for line in bills[name] if not line.exact)
        times = "" if name == "original" else f"; 1/{sums['original'] / sums[name]:.1f} of that"
        click.echo(
            f"{whose}, {each.request} a request: ${_usd(sums[name])},"
            f" front door {doors[name]:.1%}, seconds and logs ${_usd(inexact)}{times}"
        )
    click.echo(f"storage in DynamoDB and S3: ${_usd(kept)} for each month")
    _say_sources(found, priced)


def _show_month(planned: "Month", found: "Recorded", priced: "Prices") -> None:
    moving = [(f"events: {part}", _usd(usd)) for part, usd in planned.by_part.items()]
    moving += [
        ("events: partially filled batches, at most", _usd(planned.small_deliveries)),
        (f"{planned.loads} loads: S3, Glue, Fargate, Redshift", _usd(planned.loaded)),
        ("storage: a month's events, in DynamoDB and S3", _usd(planned.first_kept)),
    ]
    fixed = [(f"fixed: {name}", _usd(usd)) for name, usd in planned.standing.items()]
    rows = [*moving, *fixed, ("fixed, in total", _usd(planned.fixed)), ("sum", _usd(planned.usd))]
    show(f"A month with {planned.events:,} events, in US dollars", ("what", "$"), rows)
    click.echo("storage accumulates: each further month adds the amount of the line storage")
    _say_sources(found, priced)


def _rows(lines: "list[Line]") -> list[tuple[str, ...]]:
    whole = sum((line.usd for line in lines), Decimal(0))
    return [
        (
            line.part,
            line.service,
            line.what,
            f"{line.units:,.0f}" if line.units >= _SMALL else f"{line.units:.3f}",
            _usd(line.usd),
            f"{line.usd / whole:.1%}",
        )
        for line in lines
    ]


def _say_sources(found: "Recorded", priced: "Prices") -> None:
    click.echo(
        f"Prices: {priced.region}, list, read {priced.read}, without free tiers; prices.toml has"
        f" the source of each.\nUsage: measured {found.recorded} on {found.data}. Requests and"
        f" units are exact; seconds and logs are those of a local AWS ({found.machine})."
    )
    for each in priced.not_counted:
        click.echo(f"Not counted: {each}.")


def _usd(amount: Decimal) -> str:
    return f"{amount:,.3f}" if amount < 1 else f"{amount:,.2f}"


def _echo(answer: object) -> None:
    import msgspec

    click.echo(msgspec.json.encode(answer))


COMMANDS = [cost]
