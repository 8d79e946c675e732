"""Counts what a way costs AWS: calls, write and read units, from what the emulator is asked."""

import json
import threading
from collections import Counter
from typing import Any

from ecom_pipeline.drill.http_proxy import Call, Forward, Reply

_INDEXED = "customer_invoice"  # an item with it costs a unit in the index, too


class Meter:
    """A rule for drill.http_proxy that lets each call through and counts it.

    Write units are those that the emulator's ConsumedCapacity says, and for PartiQL's inserts,
    of which it forgets the index, one for each item that is in the customers' index.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.write_units = 0.0
        self.read_units = 0.0
        self._lock = threading.Lock()

    def __call__(self, call: Call, forward: Forward) -> Reply:
        dynamodb = call.headers.get("x-amz-target", "").startswith("DynamoDB")
        if dynamodb:
            told = {**json.loads(call.body), "ReturnConsumedCapacity": "TOTAL"}
            call = call.with_body(json.dumps(told).encode())
        reply = forward(call)
        with self._lock:
            self.calls[call.operation if "x-amz-target" in call.headers else call.method] += 1
            if dynamodb:
                self._add(call, json.loads(reply.body))
        return reply

    def _add(self, call: Call, answer: dict[str, Any]) -> None:
        if call.operation == "BatchGetItem":
            (asked,) = json.loads(call.body)["RequestItems"].values()
            self.read_units += len(asked["Keys"])  # one an item of up to 4 KB, read consistently
            return
        consumed = answer.get("ConsumedCapacity") or []
        each = consumed if isinstance(consumed, list) else [consumed]
        self.write_units += sum(one["CapacityUnits"] for one in each)
        if call.operation == "BatchExecuteStatement":
            asked = json.loads(call.body)["Statements"]
            answers = answer["Responses"]
            self.write_units += sum(
                _INDEXED in statement["Statement"] and "Error" not in result
                for statement, result in zip(asked, answers, strict=True)
            )
