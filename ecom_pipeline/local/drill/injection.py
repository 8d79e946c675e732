"""When a fault is injected: at the first calls that match, and at no later ones.

What AWS answers then is in faulty_responses.py.
"""

import threading
from urllib.parse import unquote

from ecom_pipeline.local.drill.http_proxy import Call, Forward, Reply, Rule
from ecom_pipeline.local.drill.registry import require


class Injection:
    """A rule that applies a fault to the first `times` calls of an operation.

    `operation` is part of the operation's name, or of an S3 call's method and path.
    """

    def __init__(self, operation: str, fault: Rule, times: int = 1) -> None:
        self._operation, self._fault, self._times = operation, fault, times
        self._lock = threading.Lock()
        self.injected = 0

    def __call__(self, call: Call, forward: Forward) -> Reply:
        return self._fault(call, forward) if self._is_due(call) else forward(call)

    def must_have_been_injected(self) -> None:
        """Raise DrillError if no call matched: the scenario has then tested nothing."""
        require(self.injected > 0, f"no fault was injected: no call of {self._operation}")

    def _is_due(self, call: Call) -> bool:
        if self._operation not in unquote(call.operation):
            return False
        with self._lock:
            self.injected += self.injected < self._times
            due = self._times > 0
            self._times -= due
            return due
