"""What goes wrong between the functions and AWS: throttling, half answers, lost answers, doubles.

Every tenth call of an operation is at fault, in turn in each of the ways that the operation has.
"""

import json
import threading
from collections import Counter
from contextlib import contextmanager

from bench.proxy import Call, Forward, Proxy, Reply
from ecom_pipeline.realtime.clients import client

ONE_IN = 10
JSON = {"content-type": "application/x-amz-json-1.1"}
BUSY = "ProvisionedThroughputExceededException"


class Faults:
    """A rule for bench.proxy; `injected` counts what it did, by operation and kind."""

    def __init__(self):
        self.injected = Counter()
        self._calls = Counter()
        self._lock = threading.Lock()

    def __call__(self, call: Call, forward: Forward) -> Reply:
        name = "Invoke" if call.path.endswith("/invocations") else call.operation
        kinds = KINDS.get(name)
        if not kinds:
            return forward(call)
        with self._lock:
            turn, left = divmod(self._calls[name], ONE_IN)
            self._calls[name] += 1
            if left:
                kind = forward
            else:
                fault = kinds[turn % len(kinds)]
                self.injected[name, fault.__name__] += 1

                def kind(each):
                    return fault(each, forward)

        return kind(call)


def throttled(_call, _forward):
    """Nothing is done, and the answer says so."""
    body = {"__type": BUSY, "message": "Rate exceeded"}
    return Reply(400, JSON, json.dumps(body).encode())


def lost(call, forward):
    """All is done, but the answer is another."""
    forward(call)
    return Reply(500, JSON, b'{"__type": "InternalServerError"}')


def twice(call, forward):
    forward(call)
    return forward(call)


def half_of_the_records(call, forward):
    """Each second record is refused."""
    request = json.loads(call.body)
    kept = {**request, "Records": request["Records"][::2]}
    refused = {"ErrorCode": BUSY, "ErrorMessage": "Rate exceeded"}
    reply, answer = _forwarded(call, kept, forward)
    mixed = _mixed(request["Records"], answer.get("Records", []), refused)
    count = sum("ErrorCode" in each for each in mixed)
    return _answered(reply, {**answer, "FailedRecordCount": count, "Records": mixed})


def half_of_the_statements(call, forward):
    """Each second statement is throttled."""
    request = json.loads(call.body)
    kept = {**request, "Statements": request["Statements"][::2]}
    refused = {"Error": {"Code": "ThrottlingError", "Message": "Rate exceeded"}}
    reply, answer = _forwarded(call, kept, forward)
    mixed = _mixed(request["Statements"], answer.get("Responses", []), refused)
    return _answered(reply, {**answer, "Responses": mixed})


def half_of_the_keys(call, forward):
    """Each second key is left unprocessed."""
    request = json.loads(call.body)
    ((table, asked),) = request["RequestItems"].items()
    kept = {**request, "RequestItems": {table: {**asked, "Keys": asked["Keys"][::2]}}}
    reply, answer = _forwarded(call, kept, forward)
    left = {table: {**asked, "Keys": asked["Keys"][1::2]}} if asked["Keys"][1::2] else {}
    return _answered(reply, {**answer, "UnprocessedKeys": left})


def _forwarded(call, request, forward):
    reply = forward(call.with_body(json.dumps(request).encode()))
    return reply, json.loads(reply.body)


def _mixed(asked, answers, refused):
    answers = iter(answers)
    return [refused if place % 2 else next(answers) for place in range(len(asked))]


def _answered(reply, answer):
    headers = {name: value for name, value in reply.headers.items() if "crc32" not in name}
    return Reply(reply.status, headers, json.dumps(answer).encode())


KINDS = {
    "PutRecords": (throttled, half_of_the_records, lost),
    "GetRecords": (throttled,),
    "BatchExecuteStatement": (throttled, half_of_the_statements, lost),
    "BatchGetItem": (throttled, half_of_the_keys, lost),
    "Invoke": (twice,),
}


@contextmanager
def functions_through(configured, rule, monkeypatch):
    """Let the handlers in this process reach AWS through a rule."""
    with Proxy(configured.endpoint_url, rule) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        client.cache_clear()
        try:
            yield
        finally:
            client.cache_clear()
            monkeypatch.setenv("AWS_ENDPOINT_URL", configured.endpoint_url)
