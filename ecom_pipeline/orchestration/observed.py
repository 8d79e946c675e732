"""What Dagster's runs and ticks show of the alarms' causes, as observations (causes.py)."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import sha256

import dagster as dg
import msgspec
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorType,
    TickStatus,
)

from ecom_pipeline.orchestration import alarm_list, checks, current, outcomes, requests
from ecom_pipeline.orchestration.causes import Finding, Observation

MOST_RUNS = 100  # a tick
_FINISHED = (dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_SUCCESS)
_LOOKED_AT = {
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.STEP_SUCCESS,
    dg.DagsterEventType.RUN_FAILURE,
}
# a schedule's next tick is a day later; a sensor's, seconds, and most errors are gone by then
_FAILED_TICKS = {InstigatorType.SCHEDULE: 1, InstigatorType.SENSOR: 3}


def newest(instance: dg.DagsterInstance) -> int:
    """Return the storage id of the newest end of a run; 0 before the first."""
    return max((each.storage_id for each in _ends(instance, None)), default=0)


def finished(instance: dg.DagsterInstance, after: int) -> list[tuple[int, str]]:
    """Return storage id and run id of the next runs that ended after this id, in order.

    At most MOST_RUNS of each outcome; later ones are left to the next call.
    """
    return sorted((each.storage_id, each.run_id) for each in _ends(instance, after))[:MOST_RUNS]


def _ends(instance: dg.DagsterInstance, after: int | None) -> Iterator[dg.EventLogRecord]:
    for outcome in _FINISHED:
        wanted = dg.RunStatusChangeRecordsFilter(outcome, after_storage_id=after)
        most = 1 if after is None else MOST_RUNS
        yield from instance.fetch_run_status_changes(
            wanted, limit=most, ascending=after is not None
        ).records


def of_run(instance: dg.DagsterInstance, run_id: str) -> list[Observation]:
    """Return what a finished run shows: its steps, failed or not, and its checks."""
    run = instance.get_run_by_id(run_id)
    if run is None:  # deleted meanwhile
        return []
    logged = instance.all_logs(run_id, of_type=_LOOKED_AT)
    events = [each.dagster_event for each in logged if each.dagster_event is not None]
    span = requests.days_of_tags(dict(run.tags))
    days = [str(day) for day in span.days()] if span else [""]
    return [*_steps(run, events, days), *_checks(events, days)]


def _steps(
    run: dg.DagsterRun, events: Sequence[dg.DagsterEvent], days: list[str]
) -> Iterator[Observation]:
    alarm = alarm_list.RUN_FAILED.name
    failed = outcomes.reasons(events)
    unbuilt, _ = requests.remaining(
        requests.days_of_tags(dict(run.tags)), (e for e in events if e.is_step_failure)
    )
    for step, why in failed.items():
        affected = [str(day) for day in unbuilt] or days
        mark = sha256(why.encode()).hexdigest()[:12]
        what = f"{why} (run {run.run_id} of {run.job_name})"
        found = [Finding(day=day, what=what, mark=mark) for day in affected]
        yield Observation(alarm=alarm, subject=step, findings=found, days=days)
    for step in {str(e.step_key) for e in events if e.is_step_success} - failed.keys():
        yield Observation(alarm=alarm, subject=step, days=days)
    if run.is_success:
        yield Observation(alarm=alarm, subject=run.job_name, days=days)
    elif not failed:
        why = next((e.message for e in events if e.is_failure and e.message), "no step failed")
        found = [Finding(day=day, what=f"{why} (run {run.run_id})") for day in days]
        yield Observation(alarm=alarm, subject=run.job_name, findings=found, days=days)


def _checks(events: Iterable[dg.DagsterEvent], days: Collection[str]) -> Iterator[Observation]:
    events = list(events)
    failed = {event.step_key for event in events if event.is_step_failure}
    for event in events:
        if event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            continue
        check = event.asset_check_evaluation_data
        is_error = check.severity == dg.AssetCheckSeverity.ERROR
        if not check.passed and is_error and event.step_key in failed:
            continue  # the reason of its step's failure
        yield _of_check(check, days)


def _of_check(check: dg.AssetCheckEvaluation, days: Collection[str]) -> Observation:
    """Return what a check found; a failed check of somebody else's has no findings of its own."""
    listed = check.metadata.get(checks.AT_FAULT)
    found = msgspec.convert(listed.value, list[Finding]) if listed is not None else []
    name = check.check_name
    if not check.passed and not found:
        found = [Finding(day=day, what=check.description or "failed") for day in days]
    alarm, fix = alarm_list.of_check(name), alarm_list.fix_of_check(name)
    subject = f"{check.asset_key.to_user_string()} {name}"
    if alarm is alarm_list.STORES_DIFFER:  # one cause, whichever check finds it
        subject = "events"
    return Observation(
        alarm=alarm.name,
        subject=subject,
        findings=[msgspec.structs.replace(each, fix=each.fix or fix) for each in found],
        days=_looked_at(name, days, found),
    )


def _looked_at(
    name: str, days: Collection[str], found: Sequence[Finding]
) -> Collection[str] | None:
    if name in current.NAMES:
        return None
    if name == checks.SEGMENT_AGREES:  # it finds days, and says nothing of the others
        return [each.day for each in found]
    return days


def of_ticks(instance: dg.DagsterInstance) -> Iterator[Observation]:
    """Yield for each sensor and schedule whether its last ticks failed."""
    for state in instance.all_instigator_state():
        most = _FAILED_TICKS.get(state.instigator_type)
        if most is not None:
            failed = _last_failed(instance, state, most)
            what = f"the last {len(failed)} ticks failed: {_error(failed[0])}" if failed else ""
            yield Observation(
                alarm=alarm_list.TICK_FAILED.name,
                subject=state.instigator_name,
                findings=[Finding(what=what)] if failed else [],
            )


def _last_failed(
    instance: dg.DagsterInstance, state: InstigatorState, most: int
) -> Sequence[InstigatorTick]:
    """Return the last ticks if all of them failed; none of a stopped one."""
    if state.status == InstigatorStatus.STOPPED:
        return []
    ended = [TickStatus.FAILURE, TickStatus.SUCCESS, TickStatus.SKIPPED]
    ticks = instance.get_ticks(
        state.instigator_origin_id, state.selector_id, limit=most, statuses=ended
    )
    failed = [each for each in ticks if each.status == TickStatus.FAILURE]
    return failed if len(failed) == most else []


def _error(tick: InstigatorTick) -> str:
    return outcomes.root(tick.error).partition("\n")[0] if tick.error else "no error was kept"
