"""Have a running Dagster load days: the run is in its UI, takes its pools, and is its daemon's."""

import time
import warnings
from collections.abc import Callable
from urllib.parse import urlsplit

import dagster as dg
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.runs import RunFailedError

_POLL_SECONDS = 2
_FINISHED = {
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
}


def load_days(url: str, span: DayRange, say: Callable[[str], None]) -> str:
    """Ask for a run of these days, wait for its end, and return its id; the marts follow by then.

    Raises:
        RunFailedError: Dagster does not answer at `url`, refuses the run, or the run failed.
    """
    first, last = span
    tags = {requests.PARTITION: str(first)} if first == last else requests.range_tags(span)
    with warnings.catch_warnings():
        # dagster-graphql 1.13 calls gql in a way that gql 4 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            client = _client(url)
            run = client.submit_job_execution(requests.LOAD_DAYS, tags=tags)
            say(f"asked for: {url}/runs/{run}")
            while (status := client.get_run_status(run)) not in _FINISHED:
                time.sleep(_POLL_SECONDS)
        except DagsterGraphQLClientError as error:
            raise RunFailedError(f"Dagster at {url}: {error}") from error
    if status != dg.DagsterRunStatus.SUCCESS:
        raise RunFailedError(f"{status.value}: {url}/runs/{run} says why")
    return run


def _client(url: str) -> DagsterGraphQLClient:
    parts = urlsplit(url)
    https = parts.scheme == "https"
    port = parts.port or (443 if https else 80)
    return DagsterGraphQLClient(parts.hostname or url, port_number=port, use_https=https)
