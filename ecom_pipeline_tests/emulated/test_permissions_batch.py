"""The batch path's role allows the calls of its runs and sensors, on their resources, only.

botocore reports the calls. Redshift's credentials and KMS are left out: an API without an emulation
here, and one that SNS calls on our behalf.
"""

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from types import SimpleNamespace

import boto3
import botocore.session
import dagster as dg
import pytest

from bench import infra
from ecom_pipeline import definitions
from ecom_pipeline.domain import discard_keys, keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.tombstone import Tombstone
from ecom_pipeline.lake import tombstones
from ecom_pipeline.orchestration import requests, runs
from ecom_pipeline.orchestration.alarms import alarms
from ecom_pipeline.orchestration.assets import bi
from ecom_pipeline.orchestration.resources import resources_for
from ecom_pipeline.orchestration.sensors import new_raw_objects
from ecom_pipeline.settings import ACCOUNT_LOCAL, LOCAL
from ecom_pipeline.table import connect as table_connect
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.architecture.infra_policies import allowed, listed
from ecom_pipeline_tests.builders import RECEIVED, accepted, on

pytestmark = pytest.mark.usefixtures("redshift")

PLACE = f"{infra.REGION}:{ACCOUNT_LOCAL}"
OTHER_NAMES = {
    "ListObjectsV2": "ListBucket",
    "HeadObject": "GetObject",
    "DeleteMessageBatch": "DeleteMessage",
}
NOT_HEARD = ("kms:", "redshift-serverless:")
LOGS = "compute-logs/"  # of S3ComputeLogManager, which writes them on AWS only


def resource_of(asked, service):
    """Return what a call is about, as IAM names it."""
    if service == "s3":
        key = f"/{asked['Key']}" if "Key" in asked else ""
        return f"arn:aws:s3:::{asked['Bucket']}{key}"
    if service == "sqs":
        name = asked.get("QueueName") or asked["QueueUrl"].rsplit("/", 1)[1]
        return f"arn:aws:sqs:{PLACE}:{name}"
    if service == "sns":
        return asked.get("TopicArn")
    if service == "cloudwatch":
        return "*"
    if service == "dynamodb":
        return f"arn:aws:dynamodb:{PLACE}:table/{asked['TableName']}"
    database = asked.get("DatabaseName") or asked["DatabaseInput"]["Name"]
    table = asked.get("TableName") or asked.get("Name") or asked.get("TableInput", {}).get("Name")
    of = f"table/{database}/{table}" if table else f"database/{database}"
    return f"arn:aws:glue:{PLACE}:{of}"


@pytest.fixture
def heard(monkeypatch):
    """Return the set that (action, resource) of each call of new clients goes into."""
    calls = set()

    def note(params, model, **_):
        service = model.service_model.service_name
        if service == "sts":
            return  # who the caller is needs no permission
        action = f"{service}:{OTHER_NAMES.get(model.name, model.name)}"
        calls.add((action, resource_of(params, service)))

    def heard_session():
        made = botocore.session.get_session()
        made.register("provide-client-params.*.*", note)
        return made

    sessions = SimpleNamespace(session=SimpleNamespace(get_session=heard_session))
    monkeypatch.setattr(table_connect, "botocore", sessions)  # it does not use the default session
    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("provide-client-params.*.*", note)
    yield calls
    boto3.setup_default_session()


def permissions(values):
    """Return the pairs that the role allows, with the stack's names put in."""
    role = infra.dagster_resources("production")["PipelineRole"]
    return {
        (action, resolved(resource, values))
        for statement in allowed(role)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if not action.startswith(NOT_HEARD) and LOGS not in str(resource)
    }


def resolved(value, values):
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return values[value["Ref"]]
    return re.sub(r"\$\{([^}]+)}", lambda found: values[found[1]], value["Fn::Sub"])


def test_the_role_allows_what_is_called_and_nothing_else(aws, heard, tmp_path, day, monkeypatch):
    topic = connect.client(aws, "sns").create_topic(Name=aws.raw_queue)["TopicArn"]
    fresh = replace(aws, alarm_topic=topic)
    values = {
        "AWS::Partition": "aws",
        "AWS::Region": infra.REGION,
        "AWS::AccountId": ACCOUNT_LOCAL,
        "RawBucket": aws.raw_bucket,
        "CsvBucket": aws.csv_bucket,
        "RawQueue": aws.raw_queue,
        "TableName": aws.table,
        "GlueDatabase": fresh.glue_database,
        "AlarmTopicArn": topic,
    }
    bad = accepted(on(day, event_id=f"{day}b", Quantity=0))
    lake = connect.lake(aws)
    lake.raw.write_records(
        keys.raw_key(day, "0", "1", "1"), [accepted(on(day, event_id=f"{day}a")), bad]
    )
    erased = Tombstone(mode="anonymise", moment=RECEIVED)  # of no customer: builds read the salt
    tombstones.write(lake, "999999999999999999", erased)
    heard.clear()

    home = runs.local_instance_home(tmp_path)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        queue = connect.notifications(fresh)
        cursor = None
        for _ in range(2):
            context = dg.build_sensor_context(
                instance=instance,
                cursor=cursor,
                resources={"raw_notifications": queue, "shop": LOCAL.shop},
            )
            found = new_raw_objects(context)
            cursor = found.cursor if isinstance(found, dg.SensorResult) else cursor
        runs.run_days(definitions.build(fresh), instance, day, day)
        replaced = accepted(on(day, event_id=f"{day}b"))
        connect.lake(aws).raw.write_records(keys.raw_key(day, "0", "1", "1"), [replaced])
        runs.run_days(definitions.build(fresh), instance, day, day)
        reconcile(fresh, instance, day)
        dg.materialize([bi.sales_report], instance=instance, resources=resources_for(fresh))
    tell(alarms(fresh))

    may = permissions(values)
    made = {call for call in heard if call != ("s3:PutObject", raw_object(aws, day))}
    assert made
    assert {call for call in made if not any(covers(each, call) for each in may)} == set()
    unused = {each for each in may if not any(covers(each, call) for call in made)}
    # Glue checks the catalog and the database too, for every operation on a table in them
    assert {each for each in unused if not each[0].startswith("glue:")} == set()
    assert {action for action, _ in may} - {action for action, _ in made} == {"glue:UpdateTable"}


def tell(told):
    told.notify("subject", "message")
    told.report_age(1.0)


def reconcile(configured, instance, day):
    """Reconcile a day with an invoice to look at twice: its header has no lines.

    And with something in quarantine, and something discarded, to count.
    """
    header = {
        "pk": {"S": keys.invoice_pk(f"{day:%Y%m%d}")},
        "sk": {"S": keys.HEADER_SK},
        "invoice_date": {"S": str(day)},
        "country": {"S": "France"},
    }
    seed = boto3.Session().client("dynamodb", **emulator_of(configured))
    seed.put_item(TableName=configured.table, Item=header)
    key = keys.quarantine_key(day, "0", "1", "1")
    aside = [
        {"Bucket": configured.raw_bucket, "Key": k} for k in (key, discard_keys.discarded_key(key))
    ]
    lake = boto3.Session().client("s3", **emulator_of(configured))
    for each in aside:
        lake.put_object(**each)
    built = definitions.build(configured)
    job = built.resolve_job_def(requests.RECONCILE_DAYS)
    job.execute_in_process(instance=instance, tags=requests.range_tags(DayRange(day, day)))
    built.resolve_job_def(requests.SCAN_SEGMENT).execute_in_process(instance=instance)
    seed.delete_item(TableName=configured.table, Key={k: header[k] for k in ("pk", "sk")})
    for each in aside:
        lake.delete_object(**each)


def emulator_of(configured):
    return {
        "endpoint_url": configured.endpoint_url,
        "region_name": configured.region,
        "aws_access_key_id": configured.emulator_key,
        "aws_secret_access_key": configured.emulator_key,
    }


def raw_object(aws, day):
    return f"arn:aws:s3:::{aws.raw_bucket}/{keys.raw_key(day, '0', '1', '1')}"


def covers(permission, call):
    return permission[0] == call[0] and fnmatchcase(call[1], permission[1])
