"""The order of day and month in a file's dates, decided by all rows and their invoice numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from ecom_pipeline.domain import shop
from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.event import EARLIEST
from ecom_pipeline.replay import invoice_order
from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.dates import SWAPPED, YEAR_FIRST, Written
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.invoice_order import Days
from ecom_pipeline.replay.table import Table

COLUMN = DATA_SET_KEYS.index("InvoiceDate")

_STRAY_SHARE = 0.01  # of the rows that decide, may contradict: they are bad rows


@dataclass(frozen=True, slots=True)
class Order:
    """The order of the day's numbers, '' where the form says it, the evidence, and doubts."""

    name: str = ""
    why: str = ""
    odd: tuple[str, ...] = ()


class Dates:
    """The different dates of a file's rows; `known` are those in the form of most."""

    def __init__(self, path: Path, table: Table, written: Sequence[Written | None]) -> None:
        self.path, self.table, self.written = path, table, written
        self.counts = table.counts(COLUMN).tolist()
        self.form = _main_form(written, self.counts)
        self.known = [
            (code, each)
            for code, each in enumerate(written)
            if each is not None and each.form == self.form
        ]
        self._latest = shop.DEFAULT.today() + timedelta(days=1)

    def place(self, code: int) -> str:
        return self.table.where(COLUMN, code)

    def moment(self, written: Written, order: str) -> datetime | None:
        """Return the minute of a date in an order; None if there is none, or no sale has it."""
        at = written.moment(order)
        return at if at and EARLIEST <= at.date() <= self._latest else None

    def faults(self, orders: Sequence[str]) -> dict[str, list[int]]:
        """Return for each order the dates that are none in it, but are in another."""
        found: dict[str, list[int]] = {order: [] for order in orders}
        for code, each in self.known:
            wrong = [order for order in orders if self.moment(each, order) is None]
            if len(wrong) < len(orders):
                for order in wrong:
                    found[order].append(code)
        return found

    def days(self, order: str) -> Days:
        """Return the days of an order as numbers, by code; -1 where there is none."""
        days = np.full(len(self.written), -1, np.int64)
        for code, each in self.known:
            moment = self.moment(each, order)
            days[code] = -1 if moment is None else moment.toordinal()
        return days

    def rows(self, codes: Sequence[int]) -> int:
        return sum(self.counts[code] for code in codes)


def decide(found: Dates, choices: Choices) -> Order:
    """Return the order that the rows show, and that their invoice numbers don't contradict.

    Raises:
        DatasetError: they show none, or several; the message has the choice that settles it.
    """
    orders = next((each.orders for _, each in found.known), ())
    if choices.dates is not None:
        return Order(choices.dates, "as chosen") if orders else Order()
    if not orders:
        return Order(odd=_swapped(found) or _back(found, ""))
    faults = found.faults(orders)
    rows = {order: found.rows(codes) for order, codes in faults.items()}
    best, *others = sorted(orders, key=rows.__getitem__)
    if all(rows[best] <= _STRAY_SHARE * rows[other] and rows[other] for other in others):
        order, why = best, f"{min(rows[other] for other in others):,} rows have no other reading"
        said = f"{found.place(faults[others[0]][0])}, which is {order} only"
    elif rows[best]:
        raise DatasetError(_contradiction(found, best, others[0], faults))
    else:
        order, why = _by_invoices(found, [order for order in orders if not rows[order]])
        said = f"{order}, {why}"
    for other in orders:
        if other != order and (doubt := _doubt(found, order, other)):
            raise DatasetError(
                f"{found.path}, {said}, but {doubt}: export all dates in one form, or choose with"
                f" --dates {order} or --dates {other}"
            )
    return Order(order, why, _back(found, order))


def _main_form(written: Sequence[Written | None], counts: Sequence[int]) -> str:
    rows: Counter[str] = Counter()
    for each, count in zip(written, counts, strict=True):
        if each is not None:
            rows[each.form] += count
    return max(rows, key=rows.__getitem__, default="")


def _contradiction(found: Dates, one: str, other: str, faults: Mapping[str, Sequence[int]]) -> str:
    """Return the message on dates that are possible in different orders only."""
    against, for_it = faults[one][0], faults[other][0]
    return (
        f"{found.path}, {found.place(for_it)}, which is {one} only, but {found.place(against)},"
        f" which is not: export all dates in one form, or choose with --dates {one}"
    )


def _by_invoices(found: Dates, orders: Sequence[str]) -> tuple[str, str]:
    """Choose the order in which invoice numbers run with time, if it is clear."""
    open_dates = [
        (code, each)
        for code, each in found.known
        if len({found.moment(each, order) for order in orders}) > 1
    ]
    if not open_dates:
        return _existing(found, orders), "every order gives the same days"
    runs = {order: invoice_order.run(found.table, found.days(order)) for order in orders}
    for order in orders:
        reasons = [runs[order].reason_against(runs[other]) for other in orders if other != order]
        if all(reasons):
            return order, reasons[0]
    code, written = open_dates[0]
    readings = " or ".join(f"{written.moment(order):%-d %B %Y} ({order})" for order in orders)
    raise DatasetError(
        f"{found.path}, {found.place(code)}, which is {readings}; nothing in the file tells:"
        f" choose with {' or '.join(f'--dates {order}' for order in orders)}"
    )


def _existing(found: Dates, orders: Sequence[str]) -> str:
    """Return the order in which most dates exist, be it in a year without sales."""
    return max(orders, key=lambda order: found.rows([c for c, w in found.known if w.moment(order)]))


def _doubt(found: Dates, order: str, other: str) -> str:
    """Return why invoice numbers speak for the other order; '' if they don't."""
    days, others = found.days(order), found.days(other)
    one, two = _runs(found, days, others)
    if two.is_better_than(one):
        return (
            f"invoice numbers of the dates that can be both run with time in {two} steps to another"
            f" day {other}, and in {one} {order}"
        )
    code = invoice_order.monthly(found.table, days, others)
    return "" if code is None else _monthly(found, code, other)


def _monthly(found: Dates, code: int, other: str) -> str:
    return (
        f"from where {found.place(code)}, the shop sells on the same day of each month, or,"
        f" {other}, from day to day"
    )


def _runs(found: Dates, days: Days, others: Days) -> tuple[invoice_order.Run, invoice_order.Run]:
    """Return how the dates run that exist in both readings."""
    both = (days >= 0) & (others >= 0)
    one, two = (invoice_order.run(found.table, np.where(both, each, -1)) for each in (days, others))
    return one, two


def _swapped(found: Dates) -> tuple[str, ...]:
    """Return a doubt about years, months and days that stand in this order.

    A program that took days up to 12 for months wrote other days and months, in this form too.
    """
    days, others = found.days(""), found.days(SWAPPED)
    one, two = _runs(found, days, others)
    code = invoice_order.monthly(found.table, days, others)
    if two.is_better_than(one) or (code is not None and one.back and not two.back):
        raise DatasetError(
            f"{found.path}: invoice numbers run with time in {one} steps to another day, but"
            f" {SWAPPED} in {two}: export the dates again, or choose with --dates {YEAR_FIRST}"
        )
    return () if code is None else (_monthly(found, code, SWAPPED),)


def _back(found: Dates, order: str) -> tuple[str, ...]:
    runs = invoice_order.run(found.table, found.days(order))
    return (f"invoice numbers run with time in {runs} steps to another day",) if runs.is_odd else ()
