"""The charts as Vega-Lite specs, built with altair: layout, marks and tooltips.

Colours come from the page's static/style.css, by the name of each layer, so that one chart works
in light mode, dark mode and print. Positions are floats; displayed figures are exact texts.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import altair as alt

from ecom_pipeline.bi.report.figure import Spec
from ecom_pipeline.domain.currency import Currency

Points = Sequence[Mapping[str, Any]]

_POINTS = "points"
_LEAST_DAYS = 28  # minimum width of the time axis, so that bars are not too wide
_MONTHS_FROM_DAYS = 90
_MOST_LABELS = 7  # of days, to fit on a phone
_MONTH_LABEL = (
    "[utcFormat(datum.value, '%b'),"
    " datum.index == 0 || utcmonth(datum.value) == 0 ? utcFormat(datum.value, '%Y') : '']"
)
_ROW_HEIGHT = 38
_CELL_HEIGHT = 32
_STRONG = 0.72  # share of the strongest cell from which texts have the page's colour


def net_by_day(points: Points, currency: Currency) -> Spec:
    """Return bars of `net` by `day`, and a line of `average` where it is not None."""
    x = _days(points)
    bars = (
        alt.Chart()
        .mark_bar(binSpacing=0.5)
        .encode(x=x, y=_money("net", currency))
        .properties(name="net")
    )
    line = (
        alt.Chart()
        .mark_line(strokeWidth=2, strokeJoin="round")
        .encode(x=x, y=_money("average", currency))
        .properties(name="average")
    )
    shown = ("day_text", "net_text", "gross_text", "returned_text", "average_text")
    lines = [line] if any(point["average"] is not None for point in points) else []
    return _chart([_zero(), bars, *lines, _hover(x, shown)], points, height=300)


def returned_by_day(points: Points, largest: Mapping[str, Any], currency: Currency) -> Spec:
    """Return bars of `returned` by `day`, below zero, with a label at the largest one."""
    x = _days(points)
    bars = (
        alt.Chart()
        .mark_bar(binSpacing=0.5)
        .encode(x=x, y=_money("returned", currency, ticks=3))
        .properties(name="returned")
    )
    on_the_left = largest["day"] < points[len(points) // 2]["day"]
    label = (
        alt.Chart(alt.InlineData(values=[largest]))
        .mark_text(
            align="left" if on_the_left else "right", dx=8 if on_the_left else -8, baseline="bottom"
        )
        .encode(x=x, y=_money("returned", currency, ticks=3), text="label:N")
        .properties(name="largest")
    )
    return _chart(
        [_zero(), bars, label, _hover(x, ("day_text", "returned_text"))], points, height=130
    )


def ranked(points: Points, name: str) -> Spec:
    """Return a bar of length `value` for each point, in order, with `label` and `text` above it."""
    y = alt.Y("rank:O", axis=None)
    label = (
        alt.Chart()
        .mark_text(align="left", dy=-5, limit=alt.expr("width - 110"))
        .encode(x=alt.value(0), y=y, text="label:N")
        .properties(name="label")
    )
    text = (
        alt.Chart()
        .mark_text(align="right", dy=-5)
        .encode(x=alt.value("width"), y=y, text="text:N")
        .properties(name="value")
    )
    bar = (
        alt.Chart()
        .mark_bar(height=6, yOffset=10, cornerRadiusEnd=3)
        .encode(
            x=alt.X("value:Q", axis=None, scale=alt.Scale(nice=False)),
            y=y,
            tooltip=_tooltip(("label", "text", "more")),
        )
        .properties(name=name)
    )
    return _chart([label, text, bar], points, height=len(points) * _ROW_HEIGHT)


def heat(points: Points) -> Spec:
    """Return a heat map of `share`: a cell for each `cohort` and `months`."""
    highest = max(point["share"] for point in points)
    x = alt.X("months:O", axis=alt.Axis(orient="top", labelAngle=0, title=None))
    y = alt.Y("cohort:O", sort=None, axis=alt.Axis(title=None, labelPadding=8))
    cells = (
        alt.Chart()
        .mark_rect(cornerRadius=2)
        .encode(
            x=x,
            y=y,
            fillOpacity=alt.FillOpacity(
                "share:Q", scale=alt.Scale(domain=[0, highest], range=[0.03, 1]), legend=None
            ),
            tooltip=_tooltip(("cohort_text", "months_text", "customers_text")),
        )
        .properties(name="heat")
    )
    texts = [
        alt.Chart()
        .transform_filter(f"datum.share {compare} {_STRONG * highest}")
        .mark_text(fontSize=11, tooltip=None)
        .encode(x=x, y=y, text="text:N")
        .properties(name=name)
        for name, compare in (("weak", "<"), ("strong", ">="))
    ]
    height = len({point["cohort"] for point in points}) * _CELL_HEIGHT
    return _chart([cells, *texts], points, height=height)


def _chart(layers: Sequence[alt.Chart], points: Points, *, height: int) -> Spec:
    """Return the layers as one chart; points are added last, since altair validates each one."""
    made = (
        alt.layer(*layers, data=alt.NamedData(_POINTS))
        .properties(
            width="container",
            height=height,
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
            padding=0,
            background="transparent",
        )
        .configure(aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            domain=False, ticks=False, grid=False, labelFontSize=12, labelOverlap="greedy"
        )
        .configure_axisY(minExtent=48)
        .configure_text(fontSize=13)
        .configure_scale(bandPaddingInner=0.06, bandPaddingOuter=0)
    )
    spec = made.to_dict()
    spec.setdefault("datasets", {})[_POINTS] = points
    return spec


def _days(points: Points) -> alt.X:
    first, last = (date.fromisoformat(points[n]["day"]) for n in (0, -1))
    span = (last - first).days + 1
    aside = timedelta(days=max(0, _LEAST_DAYS - span + 1) // 2)
    domain = [_moment(first - aside), _moment(last + aside + timedelta(days=1))]
    step = timedelta(days=-(-span // _MOST_LABELS))
    labelled = [first + n * step for n in range(_MOST_LABELS) if first + n * step <= last]
    axis = (
        alt.Axis(title=None, tickCount="month", labelExpr=_MONTH_LABEL)
        if span > _MONTHS_FROM_DAYS
        else alt.Axis(
            title=None, values=[*map(_moment, labelled)], format="%-d %b", bandPosition=0.5
        )
    )
    return alt.X(
        "day:T", timeUnit="utcyearmonthdate", scale=alt.Scale(type="utc", domain=domain), axis=axis
    )


def _moment(day: date) -> alt.DateTime:
    return alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True)


def _money(field: str, currency: Currency, ticks: int = 5) -> alt.Y:
    symbol = f"'{currency.prefix}'"
    sign = "(datum.value < 0 ? '\N{MINUS SIGN}' : '')"
    label = f"{sign} + {symbol} + format(abs(datum.value), '~s')"
    axis = alt.Axis(title=None, grid=True, tickCount=ticks, labelExpr=label)
    return alt.Y(field, type="quantitative", axis=axis)


def _zero() -> alt.Chart:
    zero = alt.Chart(alt.InlineData(values=[{}]))
    return zero.mark_rule().encode(y=alt.datum(0)).properties(name="zero")


def _hover(x: alt.X, fields: Sequence[str]) -> alt.Chart:
    """Return hover areas of full height: a bar of three pixels is hard to point at."""
    return (
        alt.Chart()
        .mark_rect(binSpacing=0)
        .encode(x=x, tooltip=_tooltip(fields))
        .properties(name="hover")
    )


def _tooltip(fields: Sequence[str]) -> list[alt.Tooltip]:
    titles = (field.removesuffix("_text").capitalize() for field in fields)
    return [
        alt.Tooltip(field, type="nominal", title=title)
        for field, title in zip(fields, titles, strict=True)
    ]
