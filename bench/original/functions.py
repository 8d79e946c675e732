"""The original's two Lambda functions: API -> Kinesis, and Kinesis -> DynamoDB and S3."""

import base64
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3

STREAM = "original"
BUCKET = "original-raw"
CUSTOMERS = "original-customer"
INVOICES = "original-invoice"
OF_A_LINE = ("Description", "Quantity", "UnitPrice")

client = cache(boto3.client)


def ingest(request: dict[str, Any], _context: object) -> dict[str, Any]:
    """Put the event, with a constant partition key, so that all are on one shard."""
    data = json.dumps(json.loads(request["body"]))
    told = client("kinesis").put_record(StreamName=STREAM, Data=data, PartitionKey="string")
    return {"statusCode": 200, "body": json.dumps({"SequenceNumber": told["SequenceNumber"]})}


def consume(event: dict[str, Any], _context: object) -> None:
    """Add each record to two growing items, and store the batch as a JSON array."""
    records = [json.loads(base64.b64decode(each["kinesis"]["data"])) for each in event["Records"]]
    for record in records:
        if record["CustomerID"] is not None:
            value = {"InvoiceDate": record["InvoiceDate"]}
            _set(CUSTOMERS, "CustomerID", str(record["CustomerID"]), record["InvoiceNo"], value)
        value = {name: record[name] for name in OF_A_LINE}
        _set(INVOICES, "InvoiceNo", record["InvoiceNo"], record["StockCode"], value)
    name = datetime.now(UTC).strftime("output%d-%m-%Y_%H:%M:%S.json")
    client("s3").put_object(Bucket=BUCKET, Key=name, Body=json.dumps(records))


def _set(table: str, key: str, value: str, attribute: str, content: dict[str, Any]) -> None:
    client("dynamodb").update_item(
        TableName=table,
        Key={key: {"S": value}},
        UpdateExpression="SET #a = :v",
        ExpressionAttributeNames={"#a": attribute},
        ExpressionAttributeValues={":v": {"S": json.dumps(content)}},
    )
