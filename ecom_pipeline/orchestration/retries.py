"""Translation of errors for Dagster: retries for transient errors, none for bad data."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import redshift_connector
from botocore.exceptions import ClientError, HTTPClientError

from ecom_pipeline.domain.ndjson import DamagedObjectError
from ecom_pipeline.lake.catalog import CatalogError
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.warehouse.gate import ApprovalRequiredError
from ecom_pipeline.warehouse.session import UnreachableError, WarehouseError, is_transient

RETRIES, WAIT_SECONDS = 2, 5  # after the clients' own retries, which take half a minute
_EXPECTED = (ManifestError, DamagedObjectError, WarehouseError, CatalogError)
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
def translate_errors() -> Iterator[None]:
    """Translate errors of the block to Dagster's.

    Raises:
        RetryRequested: the error is transient.
        Failure: the error is an expected one, or the load needs approval; without retries.
    """
    try:
        yield
    except Exception as error:
        if _transient(error):
            raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=WAIT_SECONDS) from error
        if isinstance(error, ApprovalRequiredError):
            raise _held(error) from error
        if isinstance(error, _EXPECTED):
            raise dg.Failure(description=str(error), allow_retries=False) from error
        raise


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
        description=f"{error}. The day's previous version stays. To approve this plan, launch the"
        f' run again with the config {{"ops": {{"fact_invoice_lines": {{"config":'
        f' {{"approve": "{error.plan_id}"}}}}}}}}.',
        metadata={"plan": error.plan_id, "would change": "\n".join(error.reasons)},
        allow_retries=False,
    )
