"""Why steps of a run failed, from the run's events: one text a step."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import dagster as dg


def reasons(events: Iterable[dg.DagsterEvent]) -> dict[str, str]:
    """Return each failed step's reason: what it says itself, else failed checks, else its error."""
    events = list(events)
    checks = _failed_checks(events)
    return {
        str(event.step_key): _reason(event, checks.get(event.step_key, []))
        for event in events
        if event.event_type == dg.DagsterEventType.STEP_FAILURE
    }


def root(error: Any) -> str:
    """Return the message of an error's first cause; Dagster wraps errors in its own."""
    while error.cause:
        error = error.cause
    return error.message.strip()


def _failed_checks(events: Iterable[dg.DagsterEvent]) -> dict[str | None, list[str]]:
    found: dict[str | None, list[str]] = defaultdict(list)
    for event in events:
        if event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            continue
        check = event.asset_check_evaluation_data
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
            name = f"{check.asset_key.to_user_string()}, {check.check_name}"
            what = check.metadata.get("what")
            found[event.step_key].append(f"{name}: {what.value}" if what else name)
    return found


def _reason(event: dg.DagsterEvent, checks: list[str]) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    if checks:
        return "; ".join(checks)
    return f"{event.step_key}: {root(data.error)}" if data.error else f"{event.step_key} failed"
