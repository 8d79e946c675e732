"""Submit load runs to a running Dagster by GraphQL: its UI, its pools and its daemon apply."""

import time
import warnings
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import dagster as dg
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.runs import RunFailedError

_POLL_SECONDS = 2
_SILENT_SECONDS = 120  # longer than a redeployment of the webserver takes
_FINISHED = {
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
}


def load_days(url: str, span: DayRange, say: Callable[[str], None]) -> str:
    """Submit a load of these days, then a refresh of the marts; wait for both.

    Return the load's run id. `say` is called with a message for each submission.

    Raises:
        RunFailedError: Dagster does not answer at `url` or refuses a run, or a run failed.
    """
    first, last = span
    tags = {requests.PARTITION: str(first)} if first == last else requests.range_tags(span)
    with warnings.catch_warnings():
        # dagster-graphql 1.13 calls gql in a way that gql 4 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        run = _run(url, requests.LOAD_DAYS, tags, say)
        _run(url, requests.REFRESH_MARTS, {}, say)
    return run


def _run(url: str, job: str, tags: Mapping[str, str], say: Callable[[str], None]) -> str:
    try:
        client = _client(url)
        run = client.submit_job_execution(job, tags=dict(tags))
    except DagsterGraphQLClientError as error:
        raise RunFailedError(f"Dagster at {url}: {_reason(error)}") from error
    say(f"submitted: {url}/runs/{run}")
    status = _end_of(client, run, f"{url}/runs/{run}")
    if status != dg.DagsterRunStatus.SUCCESS:
        raise RunFailedError(f"{status.value}: see {url}/runs/{run}")
    return run


def _end_of(client: DagsterGraphQLClient, run: str, link: str) -> dg.DagsterRunStatus:
    """Wait for a run's end, including across restarts of the webserver; return its status."""
    heard = time.monotonic()
    while True:
        try:
            status = client.get_run_status(run)
            heard = time.monotonic()
            if status in _FINISHED:
                return status
        except DagsterGraphQLClientError as error:
            if time.monotonic() > heard + _SILENT_SECONDS:
                silent = f"no answer for {_SILENT_SECONDS} s ({_reason(error)})"
                raise RunFailedError(f"{silent}; the run may still continue: {link}") from error
        time.sleep(_POLL_SECONDS)


def _client(url: str) -> DagsterGraphQLClient:
    parts = urlsplit(url)
    return DagsterGraphQLClient(
        parts.hostname or url,
        port_number=parts.port,
        use_https=parts.scheme == "https",
        path_prefix=parts.path.rstrip("/"),
    )


def _reason(error: BaseException) -> str:
    """Return the cause in one line; the client's own message contains the whole query."""
    return str(error.__cause__ or error).strip().partition("\n")[0]
