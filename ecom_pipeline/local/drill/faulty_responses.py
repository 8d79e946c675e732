"""Faulty AWS responses: each is a rule for http_proxy, with the real wire format.

Which calls get one of them is decided in injection.py.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ecom_pipeline.local.drill.http_proxy import Call, Forward, Reply

JSON = {"content-type": "application/x-amz-json-1.1"}
XML = {"content-type": "application/xml"}
BUSY = "ProvisionedThroughputExceededException"

Answer = dict[str, Any]


def throttled(_call: Call, _forward: Forward) -> Reply:
    """Refuse the call with a throttling error, without effect."""
    body = {"__type": BUSY, "message": "Rate exceeded"}
    return Reply(400, JSON, json.dumps(body).encode())


def lost(call: Call, forward: Forward) -> Reply:
    """Execute the call, but answer 500."""
    forward(call)
    return Reply(500, JSON, b'{"__type": "InternalServerError"}')


def twice(call: Call, forward: Forward) -> Reply:
    """Execute the call twice."""
    forward(call)
    return forward(call)


def internal_error(_call: Call, _forward: Forward) -> Reply:
    """Answer 500 InternalError as S3, without effect."""
    return _s3_error(500, "InternalError", "We encountered an internal error. Please try again.")


def slow_down(_call: Call, _forward: Forward) -> Reply:
    """Answer 503 SlowDown as S3, without effect."""
    return _s3_error(503, "SlowDown", "Please reduce your request rate.")


def denied(_call: Call, _forward: Forward) -> Reply:
    """Answer 403 AccessDenied as S3, without effect."""
    return _s3_error(403, "AccessDenied", "Access Denied")


def cut(_call: Call, _forward: Forward) -> Reply:
    """Cut the connection before the call is executed.

    Raises:
        ConnectionResetError: always; the proxy then closes the connection.
    """
    raise ConnectionResetError("cut on purpose")


def cut_after(call: Call, forward: Forward) -> Reply:
    """Cut the connection after the call was executed, before its response.

    Raises:
        ConnectionResetError: always; the proxy then closes the connection.
    """
    forward(call)
    raise ConnectionResetError("cut on purpose")


def half_of_the_body(call: Call, forward: Forward) -> Reply:
    """Cut the connection in the middle of the response's body."""
    reply = forward(call)
    whole = len(reply.body)
    return Reply(reply.status, reply.headers, reply.body[: whole // 2], promised=whole)


def half_of_the_records(call: Call, forward: Forward) -> Reply:
    """Throttle every second record."""
    request = json.loads(call.body)
    kept = {**request, "Records": request["Records"][::2]}
    refused = {"ErrorCode": BUSY, "ErrorMessage": "Rate exceeded"}
    reply, answer = _forwarded(call, kept, forward)
    mixed = _mixed(request["Records"], answer.get("Records", []), refused)
    count = sum("ErrorCode" in each for each in mixed)
    return _answered(reply, {**answer, "FailedRecordCount": count, "Records": mixed})


def half_of_the_statements(call: Call, forward: Forward) -> Reply:
    """Throttle every second statement."""
    request = json.loads(call.body)
    kept = {**request, "Statements": request["Statements"][::2]}
    refused = {"Error": {"Code": "ThrottlingError", "Message": "Rate exceeded"}}
    reply, answer = _forwarded(call, kept, forward)
    mixed = _mixed(request["Statements"], answer.get("Responses", []), refused)
    return _answered(reply, {**answer, "Responses": mixed})


def half_of_the_keys(call: Call, forward: Forward) -> Reply:
    """Leave every second key unprocessed."""
    request = json.loads(call.body)
    ((table, asked),) = request["RequestItems"].items()
    kept = {**request, "RequestItems": {table: {**asked, "Keys": asked["Keys"][::2]}}}
    reply, answer = _forwarded(call, kept, forward)
    left = {table: {**asked, "Keys": asked["Keys"][1::2]}} if asked["Keys"][1::2] else {}
    return _answered(reply, {**answer, "UnprocessedKeys": left})


def _s3_error(status: int, code: str, message: str) -> Reply:
    text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Reply(status, XML, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode())


def _forwarded(call: Call, request: Answer, forward: Forward) -> tuple[Reply, Answer]:
    reply = forward(call.with_body(json.dumps(request).encode()))
    return reply, json.loads(reply.body)


def _mixed(
    asked: Sequence[object], answers: Iterable[Answer], refused: Answer
) -> list[Mapping[str, Any]]:
    answers = iter(answers)
    return [refused if place % 2 else next(answers) for place in range(len(asked))]


def _answered(reply: Reply, answer: Answer) -> Reply:
    headers = {name: value for name, value in reply.headers.items() if "crc32" not in name}
    return Reply(reply.status, headers, json.dumps(answer).encode())
