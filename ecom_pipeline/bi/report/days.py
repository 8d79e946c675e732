"""The figures of sales and returns by day."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ecom_pipeline.bi.report import charts, words
from ecom_pipeline.bi.report.figure import (
    Figure,
    Record,
    Records,
    Table,
    money,
    number,
    tabulate,
    total,
)
from ecom_pipeline.bi.report.words import NONE, count, day, percent, several, short_day
from ecom_pipeline.domain.currency import Currency

_WEEK = 7
_SUMS = ("gross", "returned", "adjusted", "net")


def net_by_day(days: Records, currency: Currency) -> Figure:
    """Return the figure of net sales by day, with the average of the seven days up to each."""
    averages = _weekly(days, currency)
    sold = {each["invoice_date"]: each for each in days}
    best = max(days, key=lambda each: each["net"])
    columns = {
        "Day": _day,
        **{name.capitalize(): money(name, currency) for name in _SUMS},
        "7-day average": lambda each: _mean_text(averages[each["invoice_date"]], currency),
        "Invoices": number("invoices"),
    }
    invoices = sum(each["invoices"] for each in days)
    points = [_point(each, sold.get(each), averages[each], currency) for each in averages]
    return Figure(
        id="net-by-day",
        title="Net sales by day",
        says=f"The best day was {day(best['invoice_date'])}, with"
        f" {words.money(best['net'], currency)}.",
        alt=f"Bars of net sales of {several(len(days), 'day')}, and a line of the average of the"
        " seven days up to each.",
        spec=charts.net_by_day(points, currency),
        table=Table(
            columns=tuple(columns),
            rows=tabulate(columns, days),
            sums=(
                "All days",
                *(words.money(total(days, name), currency) for name in _SUMS),
                "",
                count(invoices),
            ),
        ),
        note="The line is the average of the seven days up to each, closed days counting as zero."
        if any(averages.values())
        else "",
    )


def returned_by_day(days: Records, currency: Currency) -> Figure:
    """Return the figure of returns by day of the return; its days are those of `net_by_day`."""
    returned = total(days, "returned")
    if not returned:
        return Figure(id="returned-by-day", title="Returns by day", says="There are no returns.")
    points = [
        {
            "day": each["invoice_date"].isoformat(),
            "returned": float(each["returned"]),
            "day_text": _day(each),
            "returned_text": words.money(each["returned"], currency),
        }
        for each in days
    ]
    most = min(range(len(days)), key=lambda n: days[n]["returned"])
    label = f"{words.money(days[most]['returned'], currency)} on {day(days[most]['invoice_date'])}"
    columns = {"Day": _day, "Returned": money("returned", currency)}
    return Figure(
        id="returned-by-day",
        title="Returns by day",
        says=f"Returns are {words.money(-returned, currency)},"
        f" {percent(-returned, total(days, 'gross'))} of gross sales. They count on the day of the"
        " return.",
        alt=f"Bars of returns of {several(len(days), 'day')}; the largest is {label}.",
        spec=charts.returned_by_day(points, points[most] | {"label": label}, currency),
        table=Table(
            columns=tuple(columns),
            rows=tabulate(columns, [each for each in days if each["returned"]]),
            sums=("All days", words.money(returned, currency)),
        ),
    )


def _weekly(days: Records, currency: Currency) -> dict[date, Decimal | None]:
    """Return the average of the seven days up to each calendar day; None for the first six days.

    Seven days have each weekday once, so closed Saturdays do not make the line move. A day that is
    not over has none either.
    """
    net: dict[date, Decimal] = {each["invoice_date"]: each["net"] for each in days}
    moving = {each["invoice_date"] for each in days if each["running_until"]}
    first, last = min(net), max(net)
    unit = Decimal(1).scaleb(-currency.decimals)
    found: dict[date, Decimal | None] = {}
    for n in range((last - first).days + 1):
        today = first + timedelta(days=n)
        week = [net.get(today - timedelta(days=back), Decimal(0)) for back in range(_WEEK)]
        whole = n >= _WEEK - 1
        average = (sum(week, Decimal(0)) / _WEEK).quantize(unit)
        found[today] = average if whole and today not in moving else None
    return found


def _point(
    today: date, sold: Record | None, mean: Decimal | None, currency: Currency
) -> Mapping[str, Any]:
    shown = ("net", "gross", "returned")
    return {
        "day": today.isoformat(),
        "net": float(sold["net"]) if sold else None,
        "average": None if mean is None else float(mean),
        "day_text": _day(sold) if sold else short_day(today),
        "average_text": _mean_text(mean, currency),
        **{f"{name}_text": words.money(sold[name], currency) if sold else NONE for name in shown},
    }


def _day(each: Record) -> str:
    until = each["running_until"]
    return short_day(each["invoice_date"]) + (f" until {words.clock(until)}" if until else "")


def _mean_text(mean: Decimal | None, currency: Currency) -> str:
    return NONE if mean is None else words.money(mean, currency)
