"""The figure of customer retention; it contains no customer ids."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ecom_pipeline.bi.report import charts
from ecom_pipeline.bi.report.figure import Figure, Record, Records, Table
from ecom_pipeline.bi.report.words import count, month, percent, several

_ID, _TITLE = "cohorts", "Customers who come back"


def cohorts(records: Records) -> Figure:
    """Return the retention by month of the first order and months since then."""
    sizes = {
        each["cohort_month"]: each["customers"] for each in records if not each["months_after"]
    }
    later = [each for each in records if each["months_after"]]
    if not later:
        says = "No customer has ordered again after the month of the first order yet."
        return Figure(id=_ID, title=_TITLE, says=says)
    found = {(each["cohort_month"], each["months_after"]): each["customers"] for each in later}
    months = range(1, max(each["months_after"] for each in later) + 1)
    return Figure(
        id=_ID,
        title=_TITLE,
        says="Of the customers who ordered first in a month, the percentage that ordered again so"
        " many months later.",
        alt=f"A heat map of {several(len(sizes), 'month')} of first orders by months since.",
        spec=charts.heat([_cell(each, sizes[each["cohort_month"]]) for each in later]),
        table=Table(
            columns=("First order", "Customers", *(f"+{n}" for n in months)),
            rows=[
                (month(first), count(size), *(_again(found.get((first, n)), size) for n in months))
                for first, size in sorted(sizes.items())
            ],
        ),
        note="Beside each month, how many customers ordered first in it. The newest month may not"
        " be over. Guests are not known, so they are not counted.",
    )


def _cell(each: Record, size: int) -> Mapping[str, Any]:
    customers = each["customers"]
    return {
        "cohort": f"{month(each['cohort_month'])} · {count(size)}",
        "months": each["months_after"],
        "share": customers / size,
        "text": f"{Decimal(100 * customers) / size:.0f}",
        "cohort_text": month(each["cohort_month"]),
        "months_text": str(each["months_after"]),
        "customers_text": f"{count(customers)} of {count(size)}, {percent(customers, size)}",
    }


def _again(customers: int | None, size: int) -> str:
    return "" if customers is None else f"{count(customers)} ({percent(customers, size)})"
