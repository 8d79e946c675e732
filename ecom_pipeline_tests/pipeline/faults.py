"""Faults between the functions and AWS: throttling, partial failures, lost responses, duplicates.

Every tenth call of an operation fails, in turn in each of the operation's ways.
"""

import threading
from collections import Counter
from contextlib import contextmanager

from ecom_pipeline.local.drill.faulty_responses import (
    half_of_the_keys,
    half_of_the_records,
    half_of_the_statements,
    lost,
    throttled,
    twice,
)
from ecom_pipeline.local.drill.http_proxy import Call, Forward, Proxy, Reply
from ecom_pipeline.realtime.clients import client

ONE_IN = 10


class Faults:
    """A rule for drill.http_proxy; `injected` counts what it did, by operation and kind."""

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
            fault = kinds[turn % len(kinds)]
            if not left:
                self.injected[name, fault.__name__] += 1
        return forward(call) if left else fault(call, forward)


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
