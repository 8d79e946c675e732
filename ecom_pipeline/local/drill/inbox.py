# pyright: basic
# boto3 has no types.
"""An operator's inbox: the sensor `watch` on a Dagster instance, its topic, and what it publishes.

Messages are read from a queue that is subscribed to the topic, as a mailbox is on AWS.
"""

import json
from dataclasses import replace
from datetime import date, datetime

import dagster as dg

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.orchestration import code_location, requests, runs
from ecom_pipeline.orchestration.alarms import alarms
from ecom_pipeline.orchestration.schedules import daily_reconciliation
from ecom_pipeline.orchestration.watch import watch
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect


class Inbox:
    """Runs jobs and evaluates `watch` as the daemon does; whatever is known now is told already."""

    def __init__(self, configured: Settings, instance: dg.DagsterInstance) -> None:
        sns, self._sqs = (connect.client(configured, name) for name in ("sns", "sqs"))
        name = f"{configured.raw_queue}-alarms"
        topic = sns.create_topic(Name=name)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        found = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        arn = found["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self.settings = replace(configured, alarm_topic=topic)
        self.instance = instance
        self._definitions = code_location.build(self.settings)
        self._cursor: str | None = None
        self.news()

    def news(self) -> list[str]:
        """Evaluate the sensor once; return subject and text of each message in the inbox."""
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self._cursor,
            resources={"alarms": alarms(self.settings)},
        )
        watch(context)
        self._cursor = context.cursor
        return list(self._messages())

    def _messages(self):  # noqa: ANN202
        asked = {"QueueUrl": self._queue, "MaxNumberOfMessages": 10}
        while found := self._sqs.receive_message(**asked).get("Messages"):
            for each in found:
                body = json.loads(each["Body"])
                receipt = each["ReceiptHandle"]
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=receipt)
                yield f"{body['Subject']}\n{body['Message']}"

    def run(self, job: str, first: date | None = None, last: date | None = None) -> bool:
        """Run a job of these days, or of none; return whether it succeeded."""
        days = requests.range_tags(DayRange(first, last or first)) if first else {}
        result = self._definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance, tags=days, run_config=runs.QUIET, raise_on_error=False
        )
        return result.success

    def morning(self, at: datetime) -> list[str]:
        """Run what the schedules of a morning request; return what is told of it."""
        context = dg.build_schedule_context(instance=self.instance, scheduled_execution_time=at)
        asked = daily_reconciliation(
            context, warehouse=connect.warehouse(self.settings), shop=self.settings.shop
        )
        for request in asked if isinstance(asked, list) else ():
            one = {requests.PARTITION: request.partition_key} if request.partition_key else {}
            span = requests.days_of_tags(dict(request.tags) | one)
            if span is not None:
                self.run(requests.RECONCILE_DAYS, *span)
        self.run(requests.CHECK_STATE)
        return self.news()
