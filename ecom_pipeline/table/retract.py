"""Mark lines as retracted or as standing again, and put or delete a header: idempotent writes.

The record of a retraction is in the lake (lake/retractions.py), and is written before.
"""

from typing import Any, NamedTuple

from ecom_pipeline.domain import keys
from ecom_pipeline.realtime.item_shape import RETRACTED, Item


class LineKey(NamedTuple):
    """A line's invoice number and event id."""

    invoice_no: str
    event_id: str


def retract(dynamodb: Any, table: str, line: LineKey, cause: str) -> None:
    """Mark a line as retracted; a line that is not stored is left so."""
    change = {
        "UpdateExpression": f"SET {RETRACTED} = :cause",
        "ExpressionAttributeValues": {":cause": {"S": cause}},
    }
    _update(dynamodb, table, line, change)


def reinstate(dynamodb: Any, table: str, line: LineKey) -> None:
    """Let a retracted line stand again."""
    _update(dynamodb, table, line, {"UpdateExpression": f"REMOVE {RETRACTED}"})


def put(dynamodb: Any, table: str, item: Item) -> None:
    """Put a header or a line, whatever the key has."""
    dynamodb.put_item(TableName=table, Item=item)


def remove_header(dynamodb: Any, table: str, invoice_no: str) -> None:
    """Delete the header of an invoice whose lines are all retracted."""
    key = {"pk": {"S": keys.invoice_pk(invoice_no)}, "sk": {"S": keys.HEADER_SK}}
    dynamodb.delete_item(TableName=table, Key=key)


def _update(dynamodb: Any, table: str, line: LineKey, change: dict[str, Any]) -> None:
    key = {
        "pk": {"S": keys.invoice_pk(line.invoice_no)},
        "sk": {"S": keys.line_sk(line.event_id)},
    }
    try:
        dynamodb.update_item(
            TableName=table, Key=key, ConditionExpression="attribute_exists(pk)", **change
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return  # erased meanwhile
