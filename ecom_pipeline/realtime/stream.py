"""Kinesis: put records with retries of the failed ones, and decode batches from Lambda."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.realtime.clients import answer_of, client
from ecom_pipeline.realtime.retry import attempts


class ThrottledError(EcomError):
    """The stream still throttled `refused` records at the deadline."""

    def __init__(self, refused: int) -> None:
        super().__init__(f"{refused} records were refused")
        self.refused = refused


@dataclass(frozen=True, slots=True)
class PutResult:
    """The shard and the sequence number that Kinesis assigned to a record."""

    shard: str
    sequence: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """One record of a batch: its sequence number and its bytes."""

    sequence: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of Lambda's event source mapping: records of one shard, in order.

    `arrived` is the first record's approximate arrival at the stream.
    """

    shard: str
    arrived: datetime
    records: tuple[Delivered, ...]

    @property
    def span(self) -> tuple[str, str, str]:
        """Shard, first and last sequence number, for the keys of this batch's objects."""
        return self.shard, self.records[0].sequence, self.records[-1].sequence


def put(stream: str, records: list[tuple[bytes, str]], *, deadline: float) -> list[PutResult]:
    """Put (data, partition key) pairs, at most 500; return their shards and sequence numbers.

    PutRecords can succeed in part: only failed records are sent again. After a lost response all
    are: consumers are idempotent, so an event may be on the stream twice.

    Raises:
        ThrottledError: some were still refused at the deadline. Sending all again is safe.
    """
    placed: dict[int, PutResult] = {}
    for _ in attempts(deadline):
        waiting = [n for n in range(len(records)) if n not in placed]
        entries = [{"Data": records[n][0], "PartitionKey": records[n][1]} for n in waiting]
        call = client("kinesis", attempts=1).put_records
        answer = answer_of(call, StreamName=stream, Records=entries)
        if answer is None:
            continue
        for n, result in zip(waiting, answer["Records"], strict=True):
            if "SequenceNumber" in result:
                placed[n] = PutResult(result["ShardId"], result["SequenceNumber"])
        if len(placed) == len(records):
            return [placed[n] for n in range(len(records))]
    raise ThrottledError(len(records) - len(placed))


def batch_of(event: Mapping[str, Any]) -> Batch:
    """Decode an event of Lambda's Kinesis event source mapping."""
    records = event["Records"]
    arrived = records[0]["kinesis"]["approximateArrivalTimestamp"]
    return Batch(
        shard=records[0]["eventID"].split(":")[0],
        arrived=datetime.fromtimestamp(arrived, UTC),
        records=tuple(
            Delivered(each["kinesis"]["sequenceNumber"], base64.b64decode(each["kinesis"]["data"]))
            for each in records
        ),
    )
