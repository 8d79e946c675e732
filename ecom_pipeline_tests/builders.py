"""Test data: a valid event and its variations; the events that Lambda receives."""

import base64
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from ecom_pipeline.domain import envelope
from ecom_pipeline.domain.envelope import Accepted, Rejected

RECEIVED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REAL = Path(__file__).parents[2] / "shared" / "data"


def payload(**changes: object) -> dict[str, Any]:
    """Return a valid event, as a producer sends it, with some keys changed."""
    valid: dict[str, Any] = {
        "event_id": "e-1",
        "InvoiceNo": "536365",
        "StockCode": "85123A",
        "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
        "Quantity": 6,
        "InvoiceDate": "12/1/2010 8:26",
        "UnitPrice": 2.55,
        "CustomerID": "17850",
        "Country": "United Kingdom",
    }
    return valid | changes


def on(day: date, **changes: object) -> dict[str, Any]:
    """Return a valid event of a day."""
    return payload(InvoiceDate=f"{day.month}/{day.day}/{day.year} 9:30", **changes)


def accepted(event: dict[str, Any], received: datetime = RECEIVED) -> Accepted:
    """Return the record that ingest makes of an event."""
    return Accepted(
        event_id=event["event_id"],
        id_source="producer",
        received_at=received,
        event=msgspec.Raw(json.dumps(event).encode()),
    )


def read_accepted(line: bytes) -> Accepted:
    """Read a record back that must be an accepted one."""
    record = envelope.decode(line)
    assert isinstance(record, Accepted), record
    return record


def read_rejected(line: bytes) -> Rejected:
    """Read a record back that must be a rejected one."""
    record = envelope.decode(line)
    assert isinstance(record, Rejected), record
    return record


def kinesis_event(records: Iterable[bytes], shard: str = "0", first: int = 1) -> dict[str, Any]:
    """Return what Lambda's Kinesis event source delivers."""
    return {
        "Records": [
            {
                "eventID": f"shardId-{shard.zfill(12)}:{number}",
                "eventSource": "aws:kinesis",
                "kinesis": {
                    "partitionKey": "536365",
                    "sequenceNumber": str(number),
                    "data": base64.b64encode(data).decode(),
                    "approximateArrivalTimestamp": RECEIVED.timestamp(),
                },
            }
            for number, data in enumerate(records, first)
        ]
    }


def stream_of(*events: dict[str, Any], shard: str = "0", first: int = 1) -> dict[str, Any]:
    """Return a delivery of accepted events."""
    records = (envelope.encode(accepted(event)) for event in events)
    return kinesis_event(records, shard, first)


def request(body: object, **changes: object) -> dict[str, Any]:
    """Return what API Gateway's proxy integration hands over for POST /events."""
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    return {"resource": "/events", "headers": headers, "body": text} | changes
