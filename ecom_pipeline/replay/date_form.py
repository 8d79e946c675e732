"""The form of a file's dates, decided by all of them: the order of day and month, and the zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from ecom_pipeline.replay import date_order, dates
from ecom_pipeline.replay.choices import Choices
from ecom_pipeline.replay.date_order import Dates
from ecom_pipeline.replay.dates import HALF_DAY, SERIAL, Written
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.table import Table

_MAIN_SHARE = 0.9  # of the rows, in the form that the file's dates are in
_MANY_TIMES = 50  # rows, of which some are in the afternoon


@dataclass(frozen=True, slots=True, kw_only=True)
class DateForm:
    """How the dates of a file are read; `why` is the evidence for the order, `odd` doubts."""

    form: str = ""
    order: str = ""
    why: str = ""
    zone: ZoneInfo | None = None
    midnight: bool = False
    odd: Sequence[str] = ()

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


def decide(
    path: Path, table: Table, written: Sequence[Written | None], choices: Choices
) -> DateForm:
    """Return the form that all dates of a file show; `written` has each different date, by code.

    Raises:
        DatasetError: they show none, or several; the message has the choice that settles it.
    """
    found = Dates(path, table, written)
    _require_one_form(found)
    _require_precision(found)
    order = date_order.decide(found, choices)
    return DateForm(
        form=found.form,
        order=order.name,
        why=order.why,
        zone=_zone(found, order.name, choices),
        midnight=_midnight(found, choices),
        odd=(*order.odd, *_mornings(found)),
    )


def _require_one_form(found: Dates) -> None:
    """Refuse dates of several forms: some were converted on the way, maybe wrongly."""
    main, *_ = [code for code, _ in found.known] or [-1]
    others = [n for n, each in enumerate(found.written) if each and each.form != found.form]
    rows = sum(found.counts[code] for code, _ in found.known)
    strays = sum(found.counts[code] for code in others)
    if others and rows < _MAIN_SHARE * (rows + strays):
        raise DatasetError(
            f"{found.path}, {found.place(main)}, but {found.place(others[0])}: dates of two forms"
            " may have lost days and months; export them in one form"
        )


def _require_precision(found: Dates) -> None:
    """Refuse Excel's days that are rounded to fewer decimals than tell the minute."""
    decimals = [(each.decimals or 0, code) for code, each in found.known]
    most, code = max(decimals, default=(0, 0))
    if 0 < most < dates.TELLS_MINUTE:
        raise DatasetError(
            f"{found.path}, {found.place(code)}, Excel's number of days, too short to tell the"
            " minute: format the column as date and time, and save again"
        )


def _zone(found: Dates, order: str, choices: Choices) -> ZoneInfo | None:
    """Return the zone to convert times to; None if they stand as written."""
    zone = choices.time_zone
    if choices.zone is not None:
        return zone if choices.zone == "convert" else None
    for code, each in found.known:
        kept, converted = found.moment(each, order), each.moment(order, zone)
        if kept and converted and kept != converted:
            raise DatasetError(
                f"{found.path}, {found.place(code)}, which is {kept:%H:%M} on the shop's clock as"
                f" written, or {converted:%H:%M} in {zone.key} if it is an instant: choose with"
                " --zone keep or --zone convert"
            )
    return None


def _midnight(found: Dates, choices: Choices) -> bool:
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


def _mornings(found: Dates) -> list[str]:
    """Return a doubt about times of which none is after 12:59, nor in the hour after midnight."""
    timed = [(code, each.clock[0]) for code, each in found.known if each.clock]
    if "AM/PM" in found.form or found.rows([code for code, _ in timed]) < _MANY_TIMES:
        return []
    if all(1 <= hour <= HALF_DAY for _, hour in timed):
        return ["no time is after 12:59: were AM and PM left out?"]
    return []
