"""The billed resources that infra/ deploys in production, read from the templates."""

import re
from decimal import Decimal
from functools import cache
from typing import Any

from bench import infra
from bench.metered import Metric, log_gb
from ecom_pipeline.cost.units import Units
from ecom_pipeline.orchestration.sensors import new_raw_objects

STAGE = "production"
SHARDS = 4  # initial shards of an on-demand stream
HOURS = 730  # per month, as AWS counts
_POLLS = 1  # seconds between Lambda's polls of a shard
_SECONDS = HOURS * 3600
_VALUE = "a-value-of-20-chars."  # a value in the access log; an id has 36 bytes, a status 3


@cache
def _real_time() -> infra.Resources:
    return infra.resources_of(STAGE)


@cache
def _batch() -> infra.Resources:
    return infra.dagster_resources(STAGE)


def access_log_gb() -> Decimal:
    """Return the billed GB of one line of the API's access log."""
    (stage,) = infra.of_kind(_real_time(), "AWS::ApiGateway::Stage").values()
    form = stage["Properties"]["AccessLogSetting"]["Format"]
    return log_gb([re.sub(r"\$context\.[\w.]+", _VALUE, form)])


def extra_retention_months() -> Decimal:
    """Return the stream's retention beyond the free day, in months."""
    (stream,) = infra.of_kind(_real_time(), "AWS::Kinesis::Stream").values()
    return Decimal(int(stream["Properties"]["RetentionPeriodHours"]) - 24) / HOURS


def windows() -> dict[str, int]:
    """Return the seconds between two deliveries of a shard that are not full, by consumer."""
    found = {}
    for name, each in infra.of_kind(_real_time(), "AWS::Lambda::EventSourceMapping").items():
        gathers = int(each["Properties"].get("MaximumBatchingWindowInSeconds", 0))
        consumer = name.removesuffix("Stream").removesuffix("Function").lower()
        found[consumer] = max(gathers, _POLLS)
    return found


def base_rpus() -> int:
    """Return Redshift's base capacity in RPUs."""
    (workgroup,) = infra.of_kind(_batch(), "AWS::RedshiftServerless::Workgroup").values()
    return int(workgroup["Properties"]["BaseCapacity"])


def run_task() -> tuple[Decimal, Decimal]:
    """Return the vCPUs and GB of a run's task."""
    return _size(_batch()["RunTask"])


def standing(metrics: set[Metric]) -> dict[str, Units]:
    """Return the units of a month without events, by purpose."""
    return {
        "stream": {"kinesis_stream_hours": Decimal(HOURS * _count("AWS::Kinesis::Stream"))},
        "front door": {
            "waf_acls": Decimal(_count("AWS::WAFv2::WebACL")),
            "waf_rules": Decimal(_rules()),
        },
        "watching": {
            "alarm_metrics": Decimal(_alarm_metrics()),
            "metrics": Decimal(len(metrics)),
            "dashboards": Decimal(_count("AWS::CloudWatch::Dashboard")),
        },
        "secrets and keys": {
            "secrets": Decimal(_count("AWS::SecretsManager::Secret")),
            "kms_keys": Decimal(_count("AWS::KMS::Key")),
        },
        "Dagster": _dagster(),
    }


def _dagster() -> Units:
    batch = _batch()
    database = batch["Database"]["Properties"]
    if database["DBInstanceClass"] != "db.t4g.small":
        raise LookupError(f"prices.toml has no price for {database['DBInstanceClass']}")
    tasks = [
        _size(batch[each["Properties"]["TaskDefinition"]["Ref"]])
        for each in infra.of_kind(batch, "AWS::ECS::Service").values()
    ]
    ticks = _SECONDS // (new_raw_objects.minimum_interval_seconds or _SECONDS)
    return {
        "fargate_vcpu_seconds": _SECONDS * sum((cpu for cpu, _ in tasks), Decimal(0)),
        "fargate_gb_seconds": _SECONDS * sum((memory for _, memory in tasks), Decimal(0)),
        "rds_small_hours": Decimal(HOURS),
        "rds_gb_months": Decimal(database["AllocatedStorage"]),
        "sqs_requests": Decimal(2 * ticks),  # a tick gets the queue's URL and receives messages
    }


def _size(task: Any) -> tuple[Decimal, Decimal]:
    properties = task["Properties"]
    return Decimal(properties["Cpu"]) / 1024, Decimal(properties["Memory"]) / 1024


def _count(kind: str) -> int:
    return sum(len(infra.of_kind(stack, kind)) for stack in (_real_time(), _batch()))


def _rules() -> int:
    acls = infra.of_kind(_real_time(), "AWS::WAFv2::WebACL").values()
    return sum(len(each["Properties"]["Rules"]) for each in acls)


def _alarm_metrics() -> int:
    """Count the metrics of all alarms; a metric math alarm has several."""
    alarms = [
        alarm["Properties"]
        for stack in (_real_time(), _batch())
        for alarm in infra.of_kind(stack, "AWS::CloudWatch::Alarm").values()
    ]
    looked_at = [alarm.get("Metrics", [{"MetricStat": {}}]) for alarm in alarms]
    return sum("MetricStat" in metric for metrics in looked_at for metric in metrics)
