"""The form of a file's dates, decided by all of them: the order of day and month, and the zone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from ecom_pipeline.domain import shop
from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.event import EARLIEST
from ecom_pipeline.replay import dates, invoice_order
from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.dates import SERIAL, Written
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.table import Table

COLUMN = DATA_SET_KEYS.index("InvoiceDate")

_MAIN_SHARE = 0.9  # of the rows, in the form that the file's dates are in
_STRAY_SHARE = 0.01  # of the rows that decide, may contradict: they are bad rows


@dataclass(frozen=True, slots=True, kw_only=True)
class DateForm:
    """How the dates of a file are read; `why` is the evidence for the order."""

    form: str = ""
    order: str = ""
    why: str = ""
    zone: ZoneInfo | None = None
    midnight: bool = False

    def moment(self, written: Written | None) -> datetime | None:
        """Return the minute of a date; None if it has none in this form."""
        if written is None or written.form != self.form:
            return None
        if written.clock is None and not self.midnight:
            return None
        return written.moment(self.order, self.zone)

    def day(self, written: Written | None) -> date | None:
        """Return the day of a date, also where the time is none."""
        moment = self.moment(written)
        if moment is None and written is not None and written.form == self.form:
            moment = replace(written, clock=None).moment(self.order)
        return None if moment is None else moment.date()

    @property
    def expected(self) -> str:
        """What a date of the file is, for people."""
        time = "" if self.midnight else " with a time"
        return f"a {self.form or 'known'} date{f' {self.order}' if self.order else ''}{time}"

    def __str__(self) -> str:
        """Return how dates are read, to follow an example."""
        said = f", {self.order} ({self.why})" if self.order else ""
        return f"{said}, converted to {self.zone.key}" if self.zone else said


class _Dates:
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

    def place(self, code: int) -> str:
        return self.table.where(COLUMN, code)

    def faults(self, orders: Sequence[str]) -> dict[str, list[int]]:
        """Return for each order the dates that are none in it, but are in another."""
        found: dict[str, list[int]] = {order: [] for order in orders}
        latest = shop.DEFAULT.today() + timedelta(days=1)
        for code, each in self.known:
            moments = {order: each.moment(order) for order in orders}
            wrong = [
                o for o, at in moments.items() if not at or not EARLIEST <= at.date() <= latest
            ]
            if len(wrong) < len(orders):
                for order in wrong:
                    found[order].append(code)
        return found

    def ordinals(self, order: str) -> NDArray[np.int64]:
        """Return the days of an order as numbers, by code; -1 where there is none."""
        days = np.full(len(self.written), -1, np.int64)
        for code, each in self.known:
            moment = each.moment(order)
            days[code] = -1 if moment is None else moment.toordinal()
        return days

    def require_one_form(self) -> None:
        """Refuse dates of several forms: some were converted on the way, maybe wrongly."""
        main, *_ = [code for code, _ in self.known] or [-1]
        others = [n for n, each in enumerate(self.written) if each and each.form != self.form]
        rows = sum(self.counts[code] for code, _ in self.known)
        strays = sum(self.counts[code] for code in others)
        if others and rows < _MAIN_SHARE * (rows + strays):
            raise DatasetError(
                f"{self.path}, {self.place(main)}, but {self.place(others[0])}: dates of two forms"
                " may have lost days and months; export them in one form"
            )

    def require_precision(self) -> None:
        """Refuse Excel's days that are rounded to fewer decimals than tell the minute."""
        decimals = [(each.decimals or 0, code) for code, each in self.known]
        most, code = max(decimals, default=(0, 0))
        if 0 < most < dates.TELLS_MINUTE:
            raise DatasetError(
                f"{self.path}, {self.place(code)}, Excel's number of days, too short to tell the"
                " minute: format the column as date and time, and save again"
            )

    def contradiction(self, one: str, other: str, faults: Mapping[str, Sequence[int]]) -> str:
        """Return the message on dates that are possible in different orders only."""
        against, for_it = faults[one][0], faults[other][0]
        return (
            f"{self.path}, {self.place(for_it)}, which is {one} only, but {self.place(against)},"
            f" which is not: export all dates in one form, or choose with --dates {one}"
        )


def decide(
    path: Path, table: Table, written: Sequence[Written | None], choices: Choices
) -> DateForm:
    """Return the form that all dates of a file show; `written` has each different date, by code.

    Raises:
        DatasetError: they show none, or several; the message has the choice that settles it.
    """
    found = _Dates(path, table, written)
    found.require_one_form()
    found.require_precision()
    order, why = _order(found, choices)
    return DateForm(
        form=found.form,
        order=order,
        why=why,
        zone=_zone(found, order, choices),
        midnight=_midnight(found, choices),
    )


def _main_form(written: Sequence[Written | None], counts: Sequence[int]) -> str:
    rows: Counter[str] = Counter()
    for each, count in zip(written, counts, strict=True):
        if each is not None:
            rows[each.form] += count
    return max(rows, key=rows.__getitem__, default="")


def _order(found: _Dates, choices: Choices) -> tuple[str, str]:
    """Return the order of the day's numbers, and why; '' where the form says it."""
    orders = next((each.orders for _, each in found.known), ())
    if not orders:
        return "", ""
    if choices.dates is not None:
        return choices.dates, "as chosen"
    faults = found.faults(orders)
    rows = {order: sum(found.counts[code] for code in codes) for order, codes in faults.items()}
    best, *others = sorted(orders, key=rows.__getitem__)
    if all(rows[best] <= _STRAY_SHARE * rows[other] and rows[other] for other in others):
        return best, f"{min(rows[other] for other in others):,} rows have no other reading"
    if rows[best]:
        raise DatasetError(found.contradiction(best, others[0], faults))
    return _by_invoices(found, [order for order in orders if not rows[order]])


def _by_invoices(found: _Dates, orders: Sequence[str]) -> tuple[str, str]:
    """Choose the order in which invoice numbers run with time, if it is clear."""
    codes = [code for code, each in found.known if len({each.moment(o) for o in orders}) > 1]
    if not codes:
        return orders[0], "every order gives the same days"
    runs = {order: invoice_order.run(found.table, found.ordinals(order)) for order in orders}
    for order in orders:
        reasons = [runs[order].reason_against(runs[other]) for other in orders if other != order]
        if all(reasons):
            return order, reasons[0]
    written = dict(found.known)[codes[0]]
    readings = " or ".join(f"{written.moment(order):%-d %B %Y} ({order})" for order in orders)
    raise DatasetError(
        f"{found.path}, {found.place(codes[0])}, which is {readings}; nothing in the file tells:"
        f" choose with {' or '.join(f'--dates {order}' for order in orders)}"
    )


def _zone(found: _Dates, order: str, choices: Choices) -> ZoneInfo | None:
    """Return the zone to convert times to; None if they stand as written."""
    zone = choices.time_zone
    if choices.zone is not None:
        return zone if choices.zone == "convert" else None
    for code, each in found.known:
        kept, converted = each.moment(order), each.moment(order, zone)
        if kept != converted and kept is not None:
            raise DatasetError(
                f"{found.path}, {found.place(code)}, which is {kept:%H:%M} on the shop's clock as"
                f" written, or {converted:%H:%M} in {zone.key} if it is an instant: choose with"
                " --zone keep or --zone convert"
            )
    return None


def _midnight(found: _Dates, choices: Choices) -> bool:
    """Return whether a date without a time is at 0:00: Excel's whole days are."""
    timed = any(each.clock not in (None, (0, 0)) or each.seconds for _, each in found.known)
    if choices.midnight or (timed and found.form == SERIAL):
        return True
    if found.form and not timed:
        raise DatasetError(
            f"{found.path}, {found.place(found.known[0][0])}, a day without a time or at 0:00, as"
            " in all rows: export the time too, or choose 0:00 for all with --midnight"
        )
    return False
