"""The parser of items answers what botocore's own answers."""

import json

import botocore.session
import pytest
from botocore.parsers import JSONParser

from ecom_pipeline.table.connect import ItemParser

_OUTPUT = botocore.session.get_session().get_service_model("dynamodb").operation_model("Scan")
_LINE = {"pk": {"S": "i#536365"}, "n": {"N": "1.10"}, "gone": {"BOOL": True}, "z": {"NULL": True}}
_ITEMS = {
    "plain": _LINE,
    "no attributes": {},
    "sets": {"texts": {"SS": ["a", "b"]}, "numbers": {"NS": ["1"]}},
    "bytes": _LINE | {"body": {"B": "aGVsbG8="}},
    "sets of bytes": {"bodies": {"BS": ["aGVsbG8="]}},
    "nested": {"m": {"M": {"body": {"B": "aGVsbG8="}}}, "l": {"L": [{"B": "aGVsbG8="}]}},
}


@pytest.mark.parametrize("item", _ITEMS.values(), ids=_ITEMS)
def test_an_items_attributes_are_those_of_botocore(item: dict[str, object]) -> None:
    body = {"Items": [_LINE, item], "LastEvaluatedKey": item, "Count": 2, "Unknown": {"S": "x"}}
    body["ConsumedCapacity"] = {"TableName": "sales", "CapacityUnits": 0.5}
    answer = {"status_code": 200, "headers": {}, "body": json.dumps(body).encode()}
    shape = _OUTPUT.output_shape
    assert ItemParser().parse(answer, shape) == JSONParser().parse(answer, shape)


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b'{"__type": "#X", "message": "no"}'])
def test_an_answer_without_items_is_read_as_botocore_reads_it(body: bytes) -> None:
    answer = {"status_code": 400, "headers": {}, "body": body}
    shape = _OUTPUT.output_shape
    assert ItemParser().parse(answer, shape) == JSONParser().parse(answer, shape)
