"""Run requests for days: consecutive days in one run, and a limited number of runs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import dagster as dg

from ecom_pipeline.domain.days import DayRange, ranges_of
from ecom_pipeline.orchestration import recovery
from ecom_pipeline.orchestration.attribution import REQUESTED_BY
from ecom_pipeline.orchestration.keys import CATALOG_CSV, CSV_LINES, FACT_LINES
from ecom_pipeline.orchestration.retries import UNBUILT_DAYS

LOAD_DAYS = "load_days"
REFRESH_MARTS = "refresh_marts"
RECONCILE_DAYS = "reconcile_days"
SCAN_SEGMENT = "scan_segment"
CHECK_STATE = "check_state"
MOST_RUNS = 10  # per tick
PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

_STEPS = {CSV_LINES, CATALOG_CSV, FACT_LINES}
_WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """A person's request of a load: who it is, and the plan id that the person approves, if any.

    `say` gets what the load waits for and where it is, `log` each line of a remote run's log.
    """

    by: str = ""
    approve: str = ""
    say: Callable[[str], None] = lambda _: None
    log: Callable[[str], None] = lambda _: None

    @property
    def tags(self) -> dict[str, str]:
        """The tag that tells Dagster who requested the run."""
        return {REQUESTED_BY: self.by} if self.by else {}

    @property
    def config(self) -> dict[str, Any]:
        """The config of the run: the approval."""
        if not self.approve:
            return {}
        return {"ops": {"fact_invoice_lines": {"config": {"approve": self.approve}}}}


NOBODYS = LoadRequest()


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
    gap = timedelta(days=1)
    while len(found := ranges_of(days, gap)) > MOST_RUNS:
        gap += timedelta(days=1)
    return found


def remaining(
    span: DayRange | None, failures: Iterable[dg.DagsterEvent]
) -> tuple[list[date], list[DayRange]]:
    """Return the days that a failed load could not build, and the spans of its other days.

    Dagster fails a run as a whole, so the other days need runs of their own.
    """
    unbuilt = {
        date.fromisoformat(day)
        for event in failures
        if (data := event.step_failure_data.user_failure_data) is not None
        and (named := data.metadata.get(UNBUILT_DAYS)) is not None
        for day in cast("list[str]", named.value)
    }
    if span is None or not unbuilt:
        return [], []
    return sorted(unbuilt), ranges_of(day for day in span.days() if day not in unbuilt)


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
    """Return the days of loads that have not started; each reads the raw objects of its start.

    Loads from the UI are included, orphaned runs are not.
    """
    records = instance.get_run_records(dg.RunsFilter(statuses=_WAITING))
    spans = (
        days_of_tags(dict(record.dagster_run.tags))
        for record in records
        if _is_load(record.dagster_run) and not recovery.is_orphaned(instance, record)
    )
    return [span for span in spans if span is not None]


def _is_load(run: dg.DagsterRun) -> bool:
    """Return whether a run takes days from their raw objects to the fact table."""
    if run.asset_selection is None:
        return run.job_name == LOAD_DAYS
    return run.asset_selection >= _STEPS


def is_waiting(day: date, waiting: Iterable[DayRange]) -> bool:
    """Return whether one of the ranges contains the day."""
    return any(first <= day <= last for first, last in waiting)
