"""Translation of errors for Dagster: retries for transient errors, none for bad data."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import redshift_connector
from botocore.exceptions import ClientError, HTTPClientError

from ecom_pipeline import stages
from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.lake.catalog import CatalogError
from ecom_pipeline.lake.engines import UnbuiltDaysError
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.orchestration.logs import StepContext, of_step
from ecom_pipeline.warehouse.gate import ApprovalRequiredError
from ecom_pipeline.warehouse.session import UnreachableError, WarehouseError, is_transient

RETRIES, WAIT_SECONDS = 2, 5  # after the clients' own retries, which take half a minute
UNBUILT_DAYS = "unbuilt_days"  # of a failed run: the days for which its other days were not loaded
_EXPECTED = (ManifestError, DamagedObjectError, WarehouseError, CatalogError, UnbuiltDaysError)
_AGAIN = {
    "InternalError",
    "InternalServerError",
    "OperationAborted",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


@contextmanager
def translate_errors(context: StepContext) -> Iterator[None]:
    """Raise RetryRequested for a transient error, and a clear Failure for an expected one.

    What the layers below log meanwhile is in the run's log.
    """
    try:
        with of_step(context):
            yield
    except Exception as error:
        if _transient(error):
            _log_retry(context, error)
            raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=WAIT_SECONDS) from error
        if not isinstance(error, _EXPECTED):
            raise
        failure = _failure(error)
        log_failure(context, str(failure.description))
        raise failure from error


def log_failure(context: StepContext, why: str) -> None:
    """Log that a step fails, and why."""
    with of_step(context):
        stages.failed(context.op_execution_context.op.name, why)


def _failure(error: Exception) -> dg.Failure:
    if isinstance(error, ApprovalRequiredError):
        return _held(error)
    if isinstance(error, UnbuiltDaysError):
        days = dg.MetadataValue.json([day.isoformat() for day in sorted(error.reasons)])
        return dg.Failure(str(error), {UNBUILT_DAYS: days}, allow_retries=False)
    return dg.Failure(description=str(error), allow_retries=False)


def _log_retry(context: StepContext, error: Exception) -> None:
    attempt = context.retry_number + 1
    if attempt <= RETRIES:
        with of_step(context):
            why, name = stages.described(error), context.op_execution_context.op.name
            stages.retry(name, attempt, RETRIES + 1, why, wait=WAIT_SECONDS)


def _transient(error: BaseException | None) -> bool:
    """Return whether a later retry may succeed."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in _AGAIN
    if isinstance(error, HTTPClientError | UnreachableError):
        return True
    if isinstance(error, WarehouseError):  # raised after its own retries; the cause decides
        return _transient(error.__cause__)
    return isinstance(error, redshift_connector.Error | OSError) and is_transient(error)


def _held(error: ApprovalRequiredError) -> dg.Failure:
    return dg.Failure(
        description=f"{error}. The day's previous version stays. To approve this plan, run"
        f" `ecom load` of these days with --approve {error.plan_id}, which records who you are, or"
        f' launch the run again with the config {{"ops": {{"fact_invoice_lines": {{"config":'
        f' {{"approve": "{error.plan_id}"}}}}}}}}.',
        metadata={"plan": error.plan_id, "would change": "\n".join(error.reasons)},
        allow_retries=False,
    )
