"""The running day: when a day of the shop is over, so that a version of it has all of its events.

Only with ECOM_INTRADAY_MINUTES is a day loaded before it is over. Which days are loaded then, and
when, is decided in orchestration/running.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDays:
    """The rule by which a day counts as over, for a shop whose running day is loaded.

    A day ends at midnight in `time_zone`, and is over once what was accepted until then is in the
    raw lake, `in_flight` later. `clock` returns an aware moment.
    """

    time_zone: ZoneInfo
    in_flight: timedelta
    clock: Callable[[], datetime] = _now

    def today(self) -> date:
        """Return the current day in the shop's time zone."""
        return self.clock().astimezone(self.time_zone).date()

    def until(self, day: date) -> datetime | None:
        """Return the present moment (UTC, whole seconds) if the day is not over by now; else None.

        Ask before the day's raw objects are listed: what is in the lake by this moment is listed.
        """
        now = self.clock().astimezone(UTC).replace(microsecond=0)
        return now if now < self.over_at(day) else None

    def over_at(self, day: date) -> datetime:
        """Return the moment (UTC) from which on a listing of the day's raw objects is complete."""
        midnight = datetime.combine(day + timedelta(days=1), time(), self.time_zone)
        return midnight.astimezone(UTC) + self.in_flight
