# pyright: basic
# boto3 has no types; its SQS client is passed in as Any.
"""S3 event notifications of new raw objects, from their SQS queue.

orchestration/sensors.py decides which runs to request for them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.errors import EcomError

log = logging.getLogger(__name__)

_A_CALL = 10


class ForeignMessageError(EcomError):
    """A message that is not an S3 event notification of raw objects."""


class _Object(msgspec.Struct):
    key: str
    size: int = 0


class _Place(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    s3: _Place


class _Notification(msgspec.Struct):
    """S3's message; its s3:TestEvent, sent when the queue is configured, has no Records."""

    records: list[_Event] = msgspec.field(name="Records", default_factory=list)


_NOTIFICATIONS = msgspec.json.Decoder(_Notification)


def raw_objects(body: str) -> list[tuple[date, int]]:
    """Return day and bytes of each raw object in a message; log each other object.

    Raises:
        ForeignMessageError: the message is no S3 event notification.
    """
    objects: list[tuple[date, int]] = []
    for each in _objects(body):
        key = unquote_plus(each.key)
        if keys.is_record_object(key) and key.startswith(keys.RAW):
            objects.append((keys.day_of(key), each.size))
        else:
            log.warning("skipped the notification of %s: not a raw object of this pipeline", key)
    return objects


def keys_in(body: str) -> list[str]:
    """Return the key of each object in a message; none in S3's s3:TestEvent.

    Raises:
        ForeignMessageError: the message is no S3 event notification.
    """
    return [unquote_plus(each.key) for each in _objects(body)]


def _objects(body: str) -> list[_Object]:
    try:
        found = _NOTIFICATIONS.decode(body)
    except msgspec.DecodeError as error:
        raise ForeignMessageError(str(error)) from error
    return [record.s3.object for record in found.records]


@dataclass(frozen=True, slots=True)
class Message:
    """An SQS message; `receipt` is the receipt handle to delete it with."""

    message_id: str
    receipt: str
    body: str


@dataclass(frozen=True, slots=True)
class Notifications:
    """One SQS queue, by name."""

    sqs: Any
    queue: str

    def receive(self, most: int) -> list[Message]:
        """Return messages, in batches of up to 10, until there are `most` or the queue has none.

        SQS delivers a message again unless it is deleted within its visibility timeout.
        """
        found: list[Message] = []
        while len(found) < most:
            answer = self.sqs.receive_message(QueueUrl=self._url(), MaxNumberOfMessages=_A_CALL)
            batch = answer.get("Messages", [])
            if not batch:
                break
            found += [Message(m["MessageId"], m["ReceiptHandle"], m["Body"]) for m in batch]
        return found

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages by their receipt handles."""
        for start in range(0, len(receipts), _A_CALL):
            entries = [
                {"Id": str(n), "ReceiptHandle": receipt}
                for n, receipt in enumerate(receipts[start : start + _A_CALL])
            ]
            self.sqs.delete_message_batch(QueueUrl=self._url(), Entries=entries)

    def _url(self) -> str:
        return self.sqs.get_queue_url(QueueName=self.queue)["QueueUrl"]
