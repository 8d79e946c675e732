# pyright: basic
# boto3 has no types; its clients are passed in as Any.
"""Messages to the SNS topic of CloudWatch's alarms, and a metric that CloudWatch watches."""

from dataclasses import dataclass
from typing import Any

from ecom_pipeline.lake.connect import client
from ecom_pipeline.settings import Settings

NAMESPACE, AGE = "EcomBatch", "HoursSinceChecks"
_SUBJECT = 100  # characters, SNS's limit
MESSAGE = 10_000  # characters


@dataclass(frozen=True, slots=True)
class Alarms:
    """An SNS topic, None disables all of this, and CloudWatch, where `stage` is the dimension."""

    sns: Any
    cloudwatch: Any
    topic: str | None
    stage: str

    def notify(self, subject: str, message: str) -> None:
        """Publish a message, truncated to the limits; a no-op without a topic."""
        if self.topic is not None:
            self.sns.publish(
                TopicArn=self.topic, Subject=subject[:_SUBJECT], Message=message[:MESSAGE]
            )

    def report_age(self, hours: float) -> None:
        """Put the age of the newest checks of the current state; a no-op without a topic."""
        if self.topic is not None:
            metric = {
                "MetricName": AGE,
                "Dimensions": [{"Name": "stage", "Value": self.stage}],
                "Value": hours,
            }
            self.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[metric])


def alarms(settings: Settings) -> Alarms:
    """Return the topic of the settings."""
    return Alarms(
        client(settings, "sns"),
        client(settings, "cloudwatch"),
        settings.alarm_topic,
        settings.environment,
    )
