"""Days that need a load, as run requests: neighbours in one run, and never too many runs."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import dagster as dg

from ecom_pipeline.domain.days import DayRange

LOAD_DAYS = "load_days"
REFRESH_MARTS = "refresh_marts"
RECONCILE_DAYS = "reconcile_days"
MOST_RUNS = 10  # of one tick
PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

_WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


def loadable(days: Iterable[date], first_day: date, today: date) -> tuple[list[date], list[date]]:
    """Split days into those with a partition, and those before the first one.

    A day that is not over is in neither: `daily_load` takes it when it is.
    """
    over = sorted(day for day in days if day < today)
    return [day for day in over if day >= first_day], [day for day in over if day < first_day]


def spans(days: Sequence[date]) -> list[DayRange]:
    """Return sorted days as spans of neighbours; where those are too many, over the least gaps.

    A load of what is loaded changes nothing, so a day between two others costs a rebuild only.
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
    """Return the request for a run of these days."""
    first, last = span
    if first == last:
        return dg.RunRequest(run_key=run_key, partition_key=first.isoformat())
    return dg.RunRequest(run_key=run_key, tags=range_tags(span))


def range_tags(span: DayRange) -> dict[str, str]:
    """Return the tags that make a run one of a range of days."""
    first, last = span
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def days_of_tags(tags: dict[str, str]) -> DayRange | None:
    """Return the days of a run, from its tags."""
    first = tags.get(PARTITION) or tags.get(RANGE_START)
    last = tags.get(PARTITION) or tags.get(RANGE_END)
    return DayRange(date.fromisoformat(first), date.fromisoformat(last)) if first and last else None


def waiting_days(instance: dg.DagsterInstance) -> list[DayRange]:
    """Return the days of the runs that wait: each will see what is there when it starts."""
    runs = instance.get_runs(dg.RunsFilter(job_name=LOAD_DAYS, statuses=_WAITING))
    return [span for run in runs if (span := days_of_tags(dict(run.tags))) is not None]


def is_waiting(day: date, waiting: Iterable[DayRange]) -> bool:
    """Return whether a waiting run has the day."""
    return any(first <= day <= last for first, last in waiting)
