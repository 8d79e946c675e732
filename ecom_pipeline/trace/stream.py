# pyright: basic
# boto3 has no types; its client is passed in as Any.
"""The exact sequence number of a record, and when the stream got it; for as long as it is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from ecom_pipeline.trace.model import Copy

KEPT = timedelta(days=7)  # the stream's retention in infra/template.yaml
_PAGES = 5  # of up to 10,000 records or 10 MB: a batch is less than 6 MB
_EXPIRED = {"InvalidArgumentException", "ResourceNotFoundException", "ExpiredIteratorException"}
_MOST_COPIES = 5
_SKEW = timedelta(seconds=5)  # between the clocks of the ingest function and of the stream


@dataclass(frozen=True, slots=True)
class Stream:
    """The event stream, by boto3's client and name."""

    kinesis: Any
    name: str

    def placed(self, event_id: str, copies: Sequence[Copy], now: datetime) -> list[Copy]:
        """Return the copies with the sequence numbers that the stream still has.

        Only the first _MOST_COPIES are looked up; usually two requests for each object.
        """
        young = [c for c in copies[:_MOST_COPIES] if c.shard and now - c.received_at < KEPT]
        records = {c.key: c for c in young}
        left = {key: list(self._records(event_id, one)) for key, one in records.items()}
        return [_placed(copy, left.get(copy.key, [])) for copy in copies]

    def _records(self, event_id: str, copy: Copy) -> Iterator[dict[str, Any]]:
        """Yield the stream's records of the event in a copy's batch, in order."""
        first, last = int(copy.first_sequence), int(copy.last_sequence)
        try:
            iterator = self.kinesis.get_shard_iterator(
                StreamName=self.name,
                ShardId=copy.shard,
                ShardIteratorType="AT_TIMESTAMP",  # a key's sequence numbers are padded with zeros
                Timestamp=copy.received_at - _SKEW,
            )["ShardIterator"]
            for _ in range(_PAGES):
                page = self.kinesis.get_records(ShardIterator=iterator)
                for each in page["Records"]:
                    number = int(each["SequenceNumber"])
                    if number > last:
                        return
                    if number >= first and event_id.encode() in each["Data"]:
                        yield each
                iterator = page.get("NextShardIterator")
                if not iterator or not page["MillisBehindLatest"]:
                    return
        except self.kinesis.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _EXPIRED:
                raise


def _placed(copy: Copy, records: list[dict[str, Any]]) -> Copy:
    """Return a copy with the next of its object's records."""
    if not records:
        return copy
    record = records.pop(0)
    arrived = record["ApproximateArrivalTimestamp"].astimezone(UTC)
    return structs.replace(copy, sequence=record["SequenceNumber"], on_stream_at=arrived)
