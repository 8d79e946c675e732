# pyright: basic
# boto3 carries no types; its SNS client is handed in as Any.
"""Telling people: one SNS topic, the one that CloudWatch's alarms go to."""

from dataclasses import dataclass
from typing import Any

from ecom_pipeline.lake.connect import client
from ecom_pipeline.settings import Settings

_SUBJECT = 100  # characters that SNS takes
_MESSAGE = 10_000


@dataclass(frozen=True, slots=True)
class Alarms:
    """A topic, or nobody to tell."""

    sns: Any
    topic: str | None

    def notify(self, subject: str, message: str) -> None:
        """Publish a message; nothing where there is no topic."""
        if self.topic is not None:
            self.sns.publish(
                TopicArn=self.topic, Subject=subject[:_SUBJECT], Message=message[:_MESSAGE]
            )


def alarms(settings: Settings) -> Alarms:
    """Return the topic that the settings name."""
    return Alarms(client(settings, "sns"), settings.alarm_topic)
