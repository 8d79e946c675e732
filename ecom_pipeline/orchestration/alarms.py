# pyright: basic
# boto3 has no types; its SNS client is passed in as Any.
"""Notifications of failures to an SNS topic, the one that CloudWatch's alarms use."""

from dataclasses import dataclass
from typing import Any

from ecom_pipeline.lake.connect import client
from ecom_pipeline.settings import Settings

_SUBJECT = 100  # characters, SNS's limit
_MESSAGE = 10_000  # characters


@dataclass(frozen=True, slots=True)
class Alarms:
    """An SNS topic; None disables notifications."""

    sns: Any
    topic: str | None

    def notify(self, subject: str, message: str) -> None:
        """Publish a message, truncated to the limits; a no-op without a topic."""
        if self.topic is not None:
            self.sns.publish(
                TopicArn=self.topic, Subject=subject[:_SUBJECT], Message=message[:_MESSAGE]
            )


def alarms(settings: Settings) -> Alarms:
    """Return the topic of the settings."""
    return Alarms(client(settings, "sns"), settings.alarm_topic)
