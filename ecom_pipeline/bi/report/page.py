"""The page: static/sales_report.html rendered with the figures, style and script inlined."""

import base64
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import jinja2
import vl_convert

from ecom_pipeline.bi.marts import Table
from ecom_pipeline.bi.report import ranked, words
from ecom_pipeline.bi.report.cohorts import cohorts
from ecom_pipeline.bi.report.days import net_by_day, returned_by_day
from ecom_pipeline.bi.report.figure import Figure, Record, Records
from ecom_pipeline.bi.report.headlines import headlines
from ecom_pipeline.domain.currency import Currency
from ecom_pipeline.warehouse.mart_list import COHORTS, COUNTRIES, DAILY_SALES, DATA_TRUST, PRODUCTS

_FILES = files("ecom_pipeline.bi.report") / "static"
_VERDICTS = {
    "yes": "All stores agree",
    "no": "The stores differ",
    "unknown": "Not reconciled yet",
}


def render(tables: Mapping[str, Table], currency: Currency) -> str:
    """Return the whole page as HTML; equal rows give equal bytes."""
    days = tables[DAILY_SALES.name].records()
    (trust,) = tables[DATA_TRUST.name].records()
    shown = _figures(tables, currency) if days else []
    specs = {figure.id: figure.spec for figure in shown if figure.spec}
    script = _script() if specs else ""
    return _template().render(
        style=(_FILES / "style.css").read_text(),
        script=script,
        script_sha256=base64.b64encode(sha256(script.encode()).digest()).decode(),
        specs=specs,
        trust=_trust(trust),
        period=_period(days),
        headlines=headlines(tables, currency) if days else [],
        currency=currency.code,
        figures=shown,
    )


def _figures(tables: Mapping[str, Table], currency: Currency) -> list[Figure]:
    days, countries, products, first_orders = (
        tables[mart.name].records() for mart in (DAILY_SALES, COUNTRIES, PRODUCTS, COHORTS)
    )
    return [
        net_by_day(days, currency),
        returned_by_day(days, currency),
        ranked.by_country(countries, currency),
        cohorts(first_orders),
        ranked.best_products(products, currency),
        ranked.most_returned(products, currency),
    ]


def _trust(row: Record) -> dict[str, Any]:
    """Return the data of the trust banner: the verdict, its reason and its facts."""
    return {
        "state": row["reconciled"],
        "verdict": _VERDICTS[row["reconciled"]],
        "why": _why(row),
        "facts": [
            ("As of", _when(row["as_of"], " UTC")),
            ("Last event", _when(row["last_event"])),
            ("Reconciled", _when(row["reconciled_at"], " UTC")),
            ("In quarantine", _known(row["quarantine_open"])),
            ("Discarded", _known(row["quarantine_discarded"])),
            ("Days pending", _known(row["days_pending"])),
        ],
    }


def _why(row: Record) -> str:
    days = words.several(row["days_published"], "published day")
    said = {
        "yes": f"Each event of {days} is in every store.",
        "no": f"On {words.several(row['days_differing'], 'day')} of {days}.",
        "unknown": f"{words.count(row['days_unreconciled'])} of {days} not compared yet.",
    }[row["reconciled"]]
    behind = row["days_not_in_marts"]
    return f"{said} {words.several(behind, 'day')} newer than this page." if behind else said


def _when(moment: datetime | None, zone: str = "") -> str:
    return f"{words.moment(moment)}{zone}" if moment else "never"


def _known(number: int | None) -> str:
    return "not known" if number is None else words.count(number)


def _period(days: Records) -> str:
    if not days:
        return "No sales have been published yet."
    first, last = (days[n]["invoice_date"] for n in (0, -1))
    span = (
        words.day(first) if first == last else f"{words.day(first)} {words.NONE} {words.day(last)}"
    )
    until = days[-1]["running_until"]
    moving = f" · the last day is not over: until {words.clock(until)}" if until else ""
    return f"{span} · {words.several(len(days), 'day')} with sales{moving}"


@cache
def _template() -> jinja2.Template:
    made = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return made.from_string((_FILES / "sales_report.html").read_text())


@cache
def _script() -> str:
    """Return Vega and draw.js bundled as one script; bundling takes three seconds."""
    return vl_convert.javascript_bundle((_FILES / "draw.js").read_text())
