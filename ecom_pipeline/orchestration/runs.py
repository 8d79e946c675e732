"""Execute load runs in this process, recorded in a Dagster instance so that its UI shows them."""

import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.orchestration import outcomes, pools, recovery, requests, storage
from ecom_pipeline.orchestration.requests import NOBODYS, LoadRequest

DAGSTER_YAML = files("ecom_pipeline.orchestration") / "local.yaml"
# the UI has all of it; what failed is the error that is raised
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RunFailedError(EcomError):
    """A run failed or could not be submitted; the message has the errors or the run's link."""


def local_instance_home(home: Path) -> Path:
    """Create DAGSTER_HOME of the local instance below `home`, with local.yaml, and return it."""
    folder = home.resolve() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    events = {
        "module": storage.__name__,
        "class": storage.BatchedSqliteEventLogStorage.__name__,
        "config": {"base_dir": str(folder / "history" / "runs")},  # as without this entry
    }
    configured = f"{DAGSTER_YAML.read_text()}event_log_storage: {json.dumps(events)}\n"
    (folder / "dagster.yaml").write_text(configured)
    return folder


def run_days(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    first: date,
    last: date,
    asked: LoadRequest = NOBODYS,
) -> str:
    """Load these days in one run, refresh the marts in another, and return the load's run id.

    A process for each day's run costs 4 to 10 s; in this one, 305 days are one run. Days that
    can't be built are left out, and the others loaded without them.

    Raises:
        RunFailedError: some days are not loaded, or the marts are not refreshed; it names why.
    """
    errors: list[str] = []
    waiting, run_ids = [DayRange(first, last)], list[str]()
    while waiting:
        span = waiting.pop(0)
        pools.wait(instance, pools.OF_LOADS, asked.say)
        tags = requests.range_tags(span) | asked.tags
        result = _run(definitions, instance, requests.LOAD_DAYS, tags, asked.config)
        run_ids.append(result.run_id)
        if not result.success:
            errors += _errors(result)
            waiting += requests.remaining(span, result.get_step_failure_events())[1]
    pools.wait(instance, pools.OF_MARTS, asked.say)
    refreshed = _run(definitions, instance, requests.REFRESH_MARTS, asked.tags, {})
    if not refreshed.success:
        errors += _errors(refreshed)
    if errors:
        raise RunFailedError("; ".join(dict.fromkeys(errors)))
    return run_ids[0]


def _run(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    tags: dict[str, str],
    config: dict[str, Any],
) -> dg.ExecuteInProcessResult:
    run_id = str(uuid4())
    return definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        run_id=run_id,
        tags=tags | recovery.process_tags(run_id),
        run_config=QUIET | config,
        raise_on_error=False,
    )


def _errors(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return why steps failed."""
    found = list(outcomes.reasons(result.all_events).values())
    return found or [f"run {result.run_id} failed: see it in the UI (ecom dev)"]
