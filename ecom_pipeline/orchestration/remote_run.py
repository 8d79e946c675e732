"""A run of another Dagster, read by GraphQL: the lines of its log, and the runs it waits for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests as http

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.orchestration import pools

_LOG = """
query ($run: ID!, $after: String) {
  logsForRun(runId: $run, afterCursor: $after, limit: 500) {
    ... on EventConnection {
      cursor
      events { __typename ... on LogMessageEvent { message level timestamp } }
    }
  }
}
"""
_RUNS = """
query ($run: ID!) {
  runOrError(runId: $run) { ... on Run { allPools } }
  runsOrError(filter: {statuses: [STARTING, STARTED, CANCELING]}) {
    ... on Runs { results { runId jobName startTime allPools tags { key value } } }
  }
}
"""
_SECONDS = 30


class RemoteLogError(EcomError):
    """Dagster's webserver does not answer a query of a run's log."""


@dataclass
class RemoteRun:
    """A submitted run; `cursor` is how far its log was read."""

    url: str
    run_id: str
    cursor: str | None = None

    @property
    def link(self) -> str:
        return f"{self.url}/runs/{self.run_id}"

    def log_to(self, log: Callable[[str], None]) -> None:
        """Pass on the new lines that the run's code logged.

        Raises:
            RemoteLogError: no answer.
        """
        found = self._ask(_LOG, run=self.run_id, after=self.cursor)["logsForRun"]
        for event in found.get("events", ()):
            if event["__typename"] == "LogMessageEvent":
                log(event["message"])
        self.cursor = found.get("cursor", self.cursor)

    def say_holders(self, say: Callable[[str], None]) -> None:
        """Say which runs have the pools that the run is queued for.

        Raises:
            RemoteLogError: no answer.
        """
        found = self._ask(_RUNS, run=self.run_id)
        needed = set(found["runOrError"].get("allPools") or ())
        holders = [
            pools.described(
                each["runId"],
                each["jobName"],
                {tag["key"]: tag["value"] for tag in each["tags"]},
                each["startTime"],
            )
            for each in found["runsOrError"].get("results", ())
            if needed & set(each["allPools"] or ())
        ]
        if holders:
            say(f"queued behind {'; '.join(holders)}")

    def _ask(self, query: str, **variables: str | None) -> dict[str, Any]:
        asked = {"query": query, "variables": variables}
        try:
            answer = http.post(f"{self.url}/graphql", json=asked, timeout=_SECONDS)
            return answer.json()["data"]
        except (http.RequestException, KeyError) as error:
            raise RemoteLogError(f"{self.url}: {type(error).__name__}") from error
