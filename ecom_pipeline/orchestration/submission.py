"""Submit load runs to a running Dagster by GraphQL: its UI, its pools and its daemon apply."""

import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import dagster as dg
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.remote_run import RemoteLogError, RemoteRun
from ecom_pipeline.orchestration.requests import NOBODYS, LoadRequest
from ecom_pipeline.orchestration.runs import RunFailedError

_POLL_SECONDS = 2
_SAY_SECONDS = 30
_SILENT_SECONDS = 120  # longer than a redeployment of the webserver takes
_FINISHED = {
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
}


def load_days(url: str, span: DayRange, asked: LoadRequest = NOBODYS) -> str:
    """Submit a load of these days, then a refresh of the marts; wait for both.

    Return the load's run id. Each submission and each wait in the queue is said.

    Raises:
        RunFailedError: Dagster does not answer at `url` or refuses a run, or a run failed.
    """
    first, last = span
    tags = {requests.PARTITION: str(first)} if first == last else requests.range_tags(span)
    with warnings.catch_warnings():
        # dagster-graphql 1.13 calls gql in a way that gql 4 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        run = _run(url, requests.LOAD_DAYS, tags, asked)
        _run(url, requests.REFRESH_MARTS, {}, replace(asked, approve=""))
    return run


def _run(url: str, job: str, tags: Mapping[str, str], asked: LoadRequest) -> str:
    try:
        client = _client(url)
        tags = {**tags, **asked.tags}
        run = client.submit_job_execution(job, run_config=asked.config, tags=tags)
    except DagsterGraphQLClientError as error:
        raise RunFailedError(f"Dagster at {url}: {_reason(error)}") from error
    asked.say(f"submitted: {url}/runs/{run}")
    status = _end_of(client, RemoteRun(url, run), asked)
    if status != dg.DagsterRunStatus.SUCCESS:
        raise RunFailedError(f"{status.value}: see {url}/runs/{run}")
    return run


def _end_of(
    client: DagsterGraphQLClient, run: RemoteRun, asked: LoadRequest
) -> dg.DagsterRunStatus:
    """Wait for a run's end, including across restarts of the webserver; return its status."""
    heard = time.monotonic()
    said = heard
    while True:
        try:
            status = client.get_run_status(run.run_id)
            run.log_to(asked.log)
            heard = time.monotonic()
            if status in _FINISHED:
                return status
            if status == dg.DagsterRunStatus.QUEUED and heard >= said:
                said = heard + _SAY_SECONDS
                run.say_holders(asked.say)
        except (DagsterGraphQLClientError, RemoteLogError) as error:
            if time.monotonic() > heard + _SILENT_SECONDS:
                silent = f"no answer for {_SILENT_SECONDS} s ({_reason(error)})"
                link = f"the run may still continue: {run.link}"
                raise RunFailedError(f"{silent}; {link}") from error
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
