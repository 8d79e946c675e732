"""Count the AWS calls and write units of each way, at the emulator.

Their price is measured by bench.cost_usage.
"""

import json
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

from ecom_pipeline.local.drill.http_proxy import Call, Forward, Reply

_INDEXED = "customer_invoice"  # an item with it also costs a write unit in the index


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The usage of some events; `calls` are those of the functions, by operation."""

    events: int
    posts: int
    calls: Counter[str]
    write_units: float

    @property
    def calls_per_thousand(self) -> float:
        return 1000 * (self.posts + self.calls.total()) / self.events


class Meter:
    """A rule for drill.http_proxy that forwards and counts each call.

    Write units are the emulator's ConsumedCapacity; for PartiQL's inserts, in which the emulator
    omits the index, one more for each item in the customers' index.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.write_units = 0.0
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
