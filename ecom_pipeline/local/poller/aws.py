"""The calls to the emulator, and the meaning of their errors; no decisions.

The clients do not retry: each loop has its own backoff, and a retried Invoke would deliver twice.
"""

from collections.abc import Mapping as Fields
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ecom_pipeline.local.poller import invocation
from ecom_pipeline.local.poller.destination import InvocationRecord
from ecom_pipeline.local.poller.invocation import InvocationResult, NotInvoked
from ecom_pipeline.local.poller.mapping import Mapping
from ecom_pipeline.local.poller.records import Record, event

LONGEST_FUNCTION = 900  # seconds; Lambda's own limit
_CONNECTIONS = 64
_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
_UNUSABLE = ("RequestTooLargeException", "InvalidRequestContentException")
_NO_CODE = b"Mock response - no code deployed"  # ministack's payload, with status 200


class UnavailableError(Exception):
    """AWS gave no usable response; the call can be retried later."""


class UnknownSequenceError(Exception):
    """The stream has no such sequence number to continue after."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of ListShards."""

    shard_id: str
    starts: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream; its creation time, in epoch seconds, differs when it is re-created by name."""

    created: float
    shards: tuple[Shard, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Records of GetRecords; `following` is None at the end of a closed shard."""

    records: list[dict[str, Any]]
    following: str | None


class Aws:
    """The AWS clients of the poller, for one endpoint; thread-safe."""

    def __init__(self, endpoint_url: str | None, region: str) -> None:
        def client(service: str, read_timeout: float) -> Any:
            config = Config(
                retries={"total_max_attempts": 1},
                max_pool_connections=_CONNECTIONS,
                connect_timeout=5,
                read_timeout=read_timeout,
            )
            return boto3.client(
                service, endpoint_url=endpoint_url, region_name=region, config=config
            )

        self._lambda = client("lambda", LONGEST_FUNCTION + 10)
        self._control = client("lambda", 20)
        self._kinesis = client("kinesis", 20)
        self._sqs = client("sqs", 20)
        self._s3 = client("s3", 60)

    def mappings(self) -> list[dict[str, Any]]:
        """Return every event source mapping in Lambda's format; UnavailableError if AWS fails."""
        try:
            pages = self._control.get_paginator("list_event_source_mappings").paginate()
            return [one for page in pages for one in page["EventSourceMappings"]]
        except _ERRORS as error:
            raise UnavailableError(_reason(error)) from error

    def role(self, function_arn: str) -> str:
        """Return the execution role of a function; UnavailableError if AWS fails."""
        try:
            return self._control.get_function_configuration(FunctionName=function_arn)["Role"]
        except _ERRORS as error:
            raise UnavailableError(_reason(error)) from error

    def stream(self, name: str) -> Stream:
        """Return a stream with its shards; UnavailableError if AWS fails."""
        try:
            summary = self._kinesis.describe_stream_summary(StreamName=name)
            pages = self._kinesis.get_paginator("list_shards").paginate(StreamName=name)
            shards = tuple(_shard(one) for page in pages for one in page["Shards"])
        except _ERRORS as error:
            raise UnavailableError(_reason(error)) from error
        created = summary["StreamDescriptionSummary"]["StreamCreationTimestamp"]
        return Stream(created.timestamp(), shards)

    def iterator(self, stream: str, shard: str, start: Fields[str, Any]) -> str:
        """Return an iterator at a position from `after_sequence` or `since`.

        Raises:
            UnknownSequenceError: the stream has no such sequence number.
            UnavailableError: AWS fails otherwise.
        """
        try:
            answer = self._kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, **start)
        except _ERRORS as error:
            if _code(error) == "InvalidArgumentException" and "StartingSequenceNumber" in start:
                raise UnknownSequenceError(_reason(error)) from error
            raise UnavailableError(_reason(error)) from error
        return answer["ShardIterator"]

    def read(self, iterator: str, limit: int) -> Page:
        """Return the records at an iterator; UnavailableError if AWS fails."""
        try:
            page = self._kinesis.get_records(ShardIterator=iterator, Limit=limit)
        except _ERRORS as error:
            raise UnavailableError(_reason(error)) from error
        return Page(page["Records"], page.get("NextShardIterator"))

    def invoke(self, mapping: Mapping, records: Sequence[Record]) -> InvocationResult | NotInvoked:
        """Invoke the function with records and return the result; an error is a result too."""
        try:
            response = self._lambda.invoke(
                FunctionName=mapping.function_arn, Payload=event(records).encode()
            )
            payload = response["Payload"].read()
        except _ERRORS as error:
            if _code(error) in _UNUSABLE:
                return InvocationResult(0, _code(error))
            return NotInvoked(_reason(error))
        if _NO_CODE in payload:
            return NotInvoked("the emulator has no code for the function: deploy it again")
        if "FunctionError" in response:
            return InvocationResult(0, response["FunctionError"])
        return (
            invocation.read(payload, records)
            if mapping.reports_failures
            else InvocationResult(len(records))
        )

    def send(self, invocation_record: InvocationRecord) -> None:
        """Send an invocation record to its queue or bucket; UnavailableError if AWS fails."""
        try:
            if invocation_record.key:
                self._s3.put_object(
                    Bucket=invocation_record.name,
                    Key=invocation_record.key,
                    Body=invocation_record.body.encode(),
                )
            else:
                url = self._sqs.get_queue_url(QueueName=invocation_record.name)["QueueUrl"]
                self._sqs.send_message(QueueUrl=url, MessageBody=invocation_record.body)
        except _ERRORS as error:
            raise UnavailableError(_reason(error)) from error


def after_sequence(sequence: str) -> dict[str, Any]:
    """Return the iterator position after a record."""
    return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": sequence}


def since(moment: float | None) -> dict[str, Any]:
    """Return the iterator position of a moment in epoch seconds, or TRIM_HORIZON for None."""
    if moment is None:
        return {"ShardIteratorType": "TRIM_HORIZON"}
    at = datetime.fromtimestamp(moment, UTC)
    return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": at}


def _shard(answer: Fields[str, Any]) -> Shard:
    parents = (answer.get("ParentShardId"), answer.get("AdjacentParentShardId"))
    return Shard(
        answer["ShardId"],
        answer["SequenceNumberRange"]["StartingSequenceNumber"],
        tuple(parent for parent in parents if parent),
    )


def _code(error: Exception) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def _reason(error: Exception) -> str:
    return _code(error) or type(error).__name__
