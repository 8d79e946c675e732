"""When a fault strikes: the first calls that match, and no others, so that what follows is healed.

What AWS then answers is in answers.py.
"""

import threading
from urllib.parse import unquote

from ecom_pipeline.local.drill.http_proxy import Call, Forward, Reply, Rule
from ecom_pipeline.local.drill.registry import require


class Injection:
    """A rule that gives the first `times` calls of an operation another answer.

    `operation` is part of the operation's name, or of an S3 call's method and path.
    """

    def __init__(self, operation: str, fault: Rule, times: int = 1) -> None:
        self._operation, self._fault, self._times = operation, fault, times
        self._lock = threading.Lock()
        self.injected = 0

    def __call__(self, call: Call, forward: Forward) -> Reply:
        return self._fault(call, forward) if self._is_due(call) else forward(call)

    def must_have_been_injected(self) -> None:
        """Raise DrillError when the fault never came to pass: then nothing was shown."""
        require(self.injected > 0, f"no call of {self._operation} was struck")

    def _is_due(self, call: Call) -> bool:
        if self._operation not in unquote(call.operation):
            return False
        with self._lock:
            self.injected += self.injected < self._times
            due = self._times > 0
            self._times -= due
            return due
