"""Permission checks: one harmless call to each store, and the remedy for its error."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import redshift_connector
from botocore.exceptions import BotoCoreError, ClientError

from ecom_pipeline.domain import keys
from ecom_pipeline.health import timeout
from ecom_pipeline.health.finding import Check
from ecom_pipeline.lake.catalog import CSV_TABLE
from ecom_pipeline.settings import Settings, variable
from ecom_pipeline.warehouse import connect, shop_record
from ecom_pipeline.warehouse.session import WarehouseError, reason

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403")
_NOT_THERE = ("NoSuchBucket", "QueueDoesNotExist", "NonExistentQueue", "ResourceNotFoundException")
_AWS_ERRORS = (ClientError, BotoCoreError)


@dataclass(frozen=True, slots=True)
class Probe:
    """A call, the IAM permission that it needs, and the setting with the resource's name.

    `fine` are error codes that mean success: the resource is only empty.
    """

    name: str
    permission: str
    setting: str
    call: Callable[[], object]
    fine: tuple[str, ...] = ()


def identity(settings: Settings) -> Check:
    """Check the AWS credentials: the identity that STS returns."""
    try:
        who = connect.client(settings, "sts").get_caller_identity()["Arn"]
    except _AWS_ERRORS as error:
        how = "sign in: set AWS_PROFILE, or run `aws configure` or `aws sso login`"
        return Check("AWS identity", "missing", _said(error), how)
    return Check("AWS identity", "ok", who)


def stores(settings: Settings) -> list[Check]:
    """Check each store with one call, and that the settings' shop is that of the loaded days."""
    tries = {probe.name: partial(_try, probe, settings) for probe in probes(settings)}
    tries["warehouse"] = partial(_warehouse, settings)
    late = f"no answer in {timeout.SECONDS} s"
    how = "check the network path to it from here: VPC, security group, VPN"
    found = [
        timeout.answer(call, Check(name, "missing", late, how)) for name, call in tries.items()
    ]
    if found[-1].state == "ok":
        found.append(timeout.answer(partial(_shop, settings), Check("shop", "warning", late)))
    return found


def probes(settings: Settings) -> list[Probe]:
    """Return the cheapest calls that need only the pipeline's own permissions."""
    queue = connect.client(settings, "sqs").get_queue_url
    look_up = partial(
        connect.client(settings, "dynamodb").query,
        TableName=settings.table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.invoice_pk("doctor")}},
        Limit=1,
    )
    look = partial(
        connect.client(settings, "glue").get_table,
        DatabaseName=settings.glue_database,
        Name=CSV_TABLE,
    )
    no_load_yet = ("EntityNotFoundException",)
    return [
        *_of_buckets(connect.client(settings, "s3"), settings),
        Probe(
            "queue of new objects",
            "sqs:GetQueueUrl",
            "raw_queue",
            partial(queue, QueueName=settings.raw_queue),
        ),
        Probe("table", "dynamodb:Query", "table", look_up),
        Probe("catalog", "glue:GetTable", "glue_database", look, no_load_yet),
    ]


def _of_buckets(s3: Any, settings: Settings) -> list[Probe]:
    def listing(bucket: str, prefix: str) -> Callable[[], object]:
        return partial(s3.list_objects_v2, Bucket=bucket, Prefix=prefix, MaxKeys=1)

    # conditional put with an ETag that cannot match: nothing is written, allowed or not
    write = partial(
        s3.put_object,
        Bucket=settings.csv_bucket,
        Key=keys.copy_manifest_key(keys.copy_prefix(0), 0),
        IfMatch='"none"',
    )
    raw, csv = listing(settings.raw_bucket, keys.RAW), listing(settings.csv_bucket, keys.CSV)
    nothing_there = ("NoSuchKey", "PreconditionFailed")
    return [
        Probe("raw bucket", "s3:ListBucket", "raw_bucket", raw),
        Probe("CSV bucket", "s3:ListBucket", "csv_bucket", csv),
        Probe("CSV bucket, to write", "s3:PutObject", "csv_bucket", write, nothing_there),
    ]


def _try(probe: Probe, settings: Settings) -> Check:
    name = getattr(settings, probe.setting)
    try:
        probe.call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in probe.fine:
            return Check(probe.name, "missing", f"{name}: {code}", _todo(probe, name, code))
    except BotoCoreError as error:
        return Check(probe.name, "missing", _said(error), "check the network, and ECOM_REGION")
    return Check(probe.name, "ok", f"{name}: {probe.permission}")


def _todo(probe: Probe, name: str, code: str) -> str:
    if code in _DENIED:
        return f"allow {probe.permission} on {name}"
    if code.endswith(_NOT_THERE):
        return f"deploy infra/ (`ecom local up`, `make deploy`), or set {variable(probe.setting)}"
    return f"{probe.permission} on {name} failed: see the error code in AWS's documentation"


def _warehouse(settings: Settings) -> Check:
    try:
        connect.warehouse(settings).query("select 1")
    except (WarehouseError, redshift_connector.Error, *_AWS_ERRORS) as error:
        said = reason(error) if isinstance(error, redshift_connector.Error) else _said(error)
        return Check("warehouse", "missing", said, _way(settings))
    return Check("warehouse", "ok", f"{settings.redshift_database}: select 1")


def _shop(settings: Settings) -> Check:
    """Compare the settings' shop with that of the loaded days; before a load there is none."""
    found = f"{settings.time_zone}, {settings.currency}, from {settings.first_day} on"
    store = connect.warehouse(settings)
    try:
        with store.session() as session:
            changed = shop_record.differences(session, store.shop)
    except redshift_connector.ProgrammingError:
        return Check("shop", "ok", f"{found}; nothing is loaded yet")
    if not changed:
        return Check("shop", "ok", found)
    only_first_day = all(each.setting == "first_day" for each in changed)
    what, todo = ("; ".join(getattr(e, part) for e in changed) for part in ("what", "todo"))
    return Check("shop", "warning" if only_first_day else "missing", what, todo)


def _way(settings: Settings) -> str:
    if settings.endpoint_url is not None:
        return f"start it: ecom local up ({variable('redshift_port')})"
    if settings.redshift_secret:
        return "allow secretsmanager:GetSecretValue, and check the secret's content"
    kind = "redshift-serverless" if settings.redshift_workgroup else "redshift"
    asks = "GetCredentials" if settings.redshift_workgroup else "GetClusterCredentialsWithIAM"
    return f"allow {kind}:{asks}, and a network path from here (VPC, security group)"


def _said(error: Exception) -> str:
    return " ".join(str(error).split())
