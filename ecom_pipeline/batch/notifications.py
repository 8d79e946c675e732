# pyright: basic
# boto3 carries no types; its SQS client is handed in as Any.
"""S3's notifications of new raw objects, from their queue; what they ask for is sensors.py's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_A_CALL = 10


@dataclass(frozen=True, slots=True)
class Message:
    """A notification as the queue hands it out; its receipt deletes it."""

    message_id: str
    receipt: str
    body: str


@dataclass(frozen=True, slots=True)
class Notifications:
    """One SQS queue, by name."""

    sqs: Any
    queue: str

    def receive(self, most: int) -> list[Message]:
        """Return up to `most` messages; each is handed out again unless it is deleted in time."""
        found: list[Message] = []
        while len(found) < most:
            answer = self.sqs.receive_message(QueueUrl=self._url(), MaxNumberOfMessages=_A_CALL)
            batch = answer.get("Messages", [])
            if not batch:
                break
            found += [Message(m["MessageId"], m["ReceiptHandle"], m["Body"]) for m in batch]
        return found

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages whose days were asked for."""
        for start in range(0, len(receipts), _A_CALL):
            entries = [
                {"Id": str(n), "ReceiptHandle": receipt}
                for n, receipt in enumerate(receipts[start : start + _A_CALL])
            ]
            self.sqs.delete_message_batch(QueueUrl=self._url(), Entries=entries)

    def _url(self) -> str:
        return self.sqs.get_queue_url(QueueName=self.queue)["QueueUrl"]
