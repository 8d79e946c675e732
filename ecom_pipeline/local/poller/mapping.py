"""The settings of an event source mapping as Lambda's API lists them, validated and typed.

Only Kinesis mappings, and no I/O: `aws` lists them, `supervisor` selects them. A setting that this
poller does not support is an error here, since ignoring it would change the behaviour.
"""

from collections.abc import Mapping as Fields
from dataclasses import dataclass
from typing import Any

FOR_EVER = -1
_REFUSED = ("TumblingWindowInSeconds", "FilterCriteria")
_STARTS = ("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP")
_DESTINATIONS = ("sqs", "s3")


class MappingError(ValueError):
    """A mapping with a setting that this poller does not support."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One function on one stream, and its delivery settings; `window` and `max_age` in seconds."""

    uuid: str
    function_arn: str
    stream_arn: str
    batch_size: int = 100
    window: float = 0
    workers: int = 1
    bisect: bool = False
    max_retries: int = FOR_EVER
    max_age: int = FOR_EVER
    reports_failures: bool = False
    destination: str | None = None
    starts_at: str = "TRIM_HORIZON"
    starts_at_time: float | None = None

    @property
    def function(self) -> str:
        """The function's name, and its alias or version after an @."""
        return "@".join(self.function_arn.split(":")[6:])

    @property
    def stream(self) -> str:
        """The stream's name."""
        return self.stream_arn.rsplit("/", 1)[1]


def is_kinesis(answer: Fields[str, Any]) -> bool:
    """Return whether a mapping, as Lambda's API lists it, reads a Kinesis stream."""
    return ":kinesis:" in answer.get("EventSourceArn", "")


def parse(answer: Fields[str, Any]) -> Mapping:
    """Parse a mapping as Lambda's API lists it; values set by CloudFormation may be strings."""
    _refuse_unknown(answer)
    given = {key: value for key, value in answer.items() if value is not None}
    moment = given.get("StartingPositionTimestamp")
    return Mapping(
        uuid=given["UUID"],
        function_arn=given["FunctionArn"],
        stream_arn=given["EventSourceArn"],
        batch_size=int(given.get("BatchSize", 100)),
        window=float(given.get("MaximumBatchingWindowInSeconds", 0)),
        workers=int(given.get("ParallelizationFactor", 1)),
        bisect=str(given.get("BisectBatchOnFunctionError", False)).lower() == "true",
        max_retries=int(given.get("MaximumRetryAttempts", FOR_EVER)),
        max_age=int(given.get("MaximumRecordAgeInSeconds", FOR_EVER)),
        reports_failures="ReportBatchItemFailures" in given.get("FunctionResponseTypes", ()),
        destination=_destination(given),
        starts_at=given.get("StartingPosition", "TRIM_HORIZON"),
        starts_at_time=None if moment is None else moment.timestamp(),
    )


def _refuse_unknown(answer: Fields[str, Any]) -> None:
    for field in _REFUSED:
        if answer.get(field):
            raise _error(answer, field, "not supported by this poller: remove it from the template")
    if "/consumer/" in answer["EventSourceArn"]:
        raise _error(answer, "EventSourceArn", "map the stream itself, not a fan-out consumer")
    start = answer.get("StartingPosition", "TRIM_HORIZON")
    if start not in _STARTS:
        raise _error(answer, "StartingPosition", f"expected one of {', '.join(_STARTS)}")
    if start == "AT_TIMESTAMP" and answer.get("StartingPositionTimestamp") is None:
        raise _error(answer, "StartingPositionTimestamp", "the emulator drops it: use TRIM_HORIZON")


def _destination(given: Fields[str, Any]) -> str | None:
    arn = (given.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    if arn and arn.split(":")[2] not in _DESTINATIONS:
        raise _error(given, "DestinationConfig", "expected the ARN of an SQS queue or S3 bucket")
    return arn or None


def _error(answer: Fields[str, Any], field: str, advice: str) -> MappingError:
    return MappingError(f"{answer['FunctionArn']}: {field}={answer.get(field)!r}: {advice}")
