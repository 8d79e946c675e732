"""Execute load runs in this process, recorded in a Dagster instance so that its UI shows them."""

from datetime import date
from importlib.resources import files
from pathlib import Path

import dagster as dg

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.orchestration import recovery, requests

DAGSTER_YAML = files("ecom_pipeline.orchestration") / "local.yaml"
QUIET = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}  # the UI has the full log


class RunFailedError(EcomError):
    """A run failed or could not be submitted; the message has the errors or the run's link."""


def local_instance_home(home: Path) -> Path:
    """Create DAGSTER_HOME of the local instance below `home`, with local.yaml, and return it."""
    folder = home.resolve() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_bytes(DAGSTER_YAML.read_bytes())
    return folder


def run_days(
    definitions: dg.Definitions, instance: dg.DagsterInstance, first: date, last: date
) -> str:
    """Load these days in one run, refresh the marts in another, and return the load's run id.

    A separate process for each day's run would take 4 to 10 s; here 305 days are one run.

    Raises:
        RunFailedError: a step or a blocking check failed.
    """
    recovery.fail_orphaned_runs(instance)
    tags = requests.range_tags(DayRange(first, last)) | recovery.process_tags()
    run_id = _run(definitions, instance, requests.LOAD_DAYS, tags)
    _run(definitions, instance, requests.REFRESH_MARTS, recovery.process_tags())
    return run_id


def _run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, tags: dict[str, str]
) -> str:
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance, tags=tags, run_config=QUIET, raise_on_error=False
    )
    if not result.success:
        raise RunFailedError("; ".join(_errors(result)) or "see the run in the UI")
    return result.run_id


def _errors(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return the causes of a failure: each step's root error, and each failed blocking check."""
    found = []
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
                what = check.metadata["what"].value
                found.append(f"{check.asset_key.to_user_string()}, {check.check_name}: {what}")
        elif event.is_step_failure and event.step_failure_data.error:
            error = event.step_failure_data.error
            while error.cause:
                error = error.cause
            found.append(f"{event.step_key}: {error.message.strip()}")
    return found
