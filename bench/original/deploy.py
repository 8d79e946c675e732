"""Deploy the original's API, stream, functions and tables beside ours, into the same emulator."""

import io
import time
import zipfile
from pathlib import Path
from typing import Any

from bench.original import functions
from ecom_pipeline.lake.connect import client
from ecom_pipeline.settings import ACCOUNT_LOCAL, Settings

FUNCTIONS = ("original-ingest", "original-consume")
CONSUMER = (FUNCTIONS[1], functions.STREAM)
_STAGE = "bench"


def deploy(settings: Settings) -> str:
    """Create all resources and return the URL for events."""
    kinesis = client(settings, "kinesis")
    kinesis.create_stream(StreamName=functions.STREAM, ShardCount=1)
    while _description(kinesis)["StreamStatus"] != "ACTIVE":
        time.sleep(0.1)
    _stores(settings)
    code = _zip()
    lambdas = client(settings, "lambda")
    for name in FUNCTIONS:
        lambdas.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=f"arn:aws:iam::{ACCOUNT_LOCAL}:role/original",
            Handler=f"functions.{name.removeprefix('original-')}",
            Code={"ZipFile": code},
            Timeout=60,
            MemorySize=512,
        )
    lambdas.create_event_source_mapping(
        EventSourceArn=_description(kinesis)["StreamARN"],
        FunctionName=FUNCTIONS[1],
        BatchSize=100,
        StartingPosition="TRIM_HORIZON",
        Enabled=False,  # our poller serves it, as it serves ours
    )
    return _api(settings)


def _description(kinesis: Any) -> dict[str, Any]:
    found = kinesis.describe_stream_summary(StreamName=functions.STREAM)
    return found["StreamDescriptionSummary"]


def _stores(settings: Settings) -> None:
    place = {"LocationConstraint": settings.region}
    client(settings, "s3").create_bucket(Bucket=functions.BUCKET, CreateBucketConfiguration=place)
    dynamodb = client(settings, "dynamodb")
    for table, key in ((functions.CUSTOMERS, "CustomerID"), (functions.INVOICES, "InvoiceNo")):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )


def _zip() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.write(Path(functions.__file__), "functions.py")
    return body.getvalue()


def _api(settings: Settings) -> str:
    gateway = client(settings, "apigateway")
    api = gateway.create_rest_api(name="original")["id"]
    (root,) = gateway.get_resources(restApiId=api)["items"]
    path = gateway.create_resource(restApiId=api, parentId=root["id"], pathPart="events")["id"]
    where = {"restApiId": api, "resourceId": path, "httpMethod": "POST"}
    gateway.put_method(**where, authorizationType="NONE")
    region = settings.region
    function = f"arn:aws:lambda:{region}:{ACCOUNT_LOCAL}:function:{FUNCTIONS[0]}"
    gateway.put_integration(
        **where,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations",
    )
    gateway.create_deployment(restApiId=api, stageName=_STAGE)
    return f"{settings.endpoint_url}/_aws/execute-api/{api}/{_STAGE}/events"
