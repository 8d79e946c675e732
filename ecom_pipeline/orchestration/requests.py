"""Run requests for days: consecutive days in one run, and a limited number of runs."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import dagster as dg

from ecom_pipeline.domain.days import DayRange

LOAD_DAYS = "load_days"
REFRESH_MARTS = "refresh_marts"
RECONCILE_DAYS = "reconcile_days"
MOST_RUNS = 10  # per tick
PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

_WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


def loadable(days: Iterable[date], first_day: date, today: date) -> tuple[list[date], list[date]]:
    """Return the days with a partition, and the days before the first partition.

    Today and later days are in neither: `daily_load` loads a day once it is over.
    """
    over = sorted(day for day in days if day < today)
    return [day for day in over if day >= first_day], [day for day in over if day < first_day]


def spans(days: Sequence[date]) -> list[DayRange]:
    """Return sorted days as ranges; if there are more than MOST_RUNS, join over small gaps.

    A load is idempotent, so a day that is included needlessly costs a rebuild only.
    """
    found = [DayRange(day, day) for day in days]
    gap = 1
    while True:
        found = _joined(found, timedelta(days=gap))
        if len(found) <= MOST_RUNS:
            return found
        gap += 1


def _joined(parts: Iterable[DayRange], gap: timedelta) -> list[DayRange]:
    joined: list[DayRange] = []
    for first, last in parts:
        if joined and first - joined[-1].last <= gap:
            joined[-1] = DayRange(joined[-1].first, last)
        else:
            joined.append(DayRange(first, last))
    return joined


def request(span: DayRange, run_key: str) -> dg.RunRequest:
    """Return the run request for a range of days; Dagster ignores a `run_key` it has seen."""
    first, last = span
    if first == last:
        return dg.RunRequest(run_key=run_key, partition_key=first.isoformat())
    return dg.RunRequest(run_key=run_key, tags=range_tags(span))


def range_tags(span: DayRange) -> dict[str, str]:
    """Return the tags of a partition range, for a run of several days."""
    first, last = span
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def days_of_tags(tags: dict[str, str]) -> DayRange | None:
    """Return the days of a run from its tags; None when it has no partition."""
    first = tags.get(PARTITION) or tags.get(RANGE_START)
    last = tags.get(PARTITION) or tags.get(RANGE_END)
    return DayRange(date.fromisoformat(first), date.fromisoformat(last)) if first and last else None


def waiting_days(instance: dg.DagsterInstance) -> list[DayRange]:
    """Return the days of queued load runs; each run reads the raw objects present at its start."""
    runs = instance.get_runs(dg.RunsFilter(job_name=LOAD_DAYS, statuses=_WAITING))
    return [span for run in runs if (span := days_of_tags(dict(run.tags))) is not None]


def is_waiting(day: date, waiting: Iterable[DayRange]) -> bool:
    """Return whether one of the ranges contains the day."""
    return any(first <= day <= last for first, last in waiting)
