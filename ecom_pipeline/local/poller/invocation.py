"""The result of one invocation: how many records, from the first, are finished.

Lambda's contract for ReportBatchItemFailures, and nothing else. No I/O: `aws` invokes, `delivery`
decides what follows.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ecom_pipeline.local.poller.records import Record


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """The function ran; the first `finished` records of the batch need no retry."""

    finished: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class NotInvoked:
    """The function did not run: throttled, unreachable, unknown. This is no retry attempt."""

    reason: str


def read(payload: bytes, records: Sequence[Record]) -> InvocationResult:
    """Parse a response under ReportBatchItemFailures.

    An empty body, null, {} or an empty or null list is complete success. With failures named, the
    records before the lowest are finished. All else is complete failure, so that no record is lost.
    """
    try:
        response = json.loads(payload or b"null")
    except ValueError:
        return InvocationResult(0, "MalformedResponse")
    if response is None or response == {}:
        return InvocationResult(len(records))
    if not isinstance(response, dict) or "batchItemFailures" not in response:
        return InvocationResult(0, "MalformedResponse")
    return _reported(response["batchItemFailures"], records)


def _reported(failures: Any, records: Sequence[Record]) -> InvocationResult:
    if failures is None or failures == []:
        return InvocationResult(len(records))
    places = {one.sequence: index for index, one in enumerate(records)}
    failed = [places.get(_identifier(item)) for item in failures] if _is_list(failures) else [None]
    known = [index for index in failed if index is not None]
    if len(known) < len(failed):
        return InvocationResult(0, "UnknownItemIdentifier")
    return InvocationResult(min(known), "BatchItemFailures")


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _identifier(item: Any) -> str:
    """Return an item's identifier, or "", which matches no record."""
    given = item.get("itemIdentifier") if isinstance(item, dict) else None
    return given if isinstance(given, str) else ""
