"""A meter of boto3's calls: counts each call that reaches AWS, and its billed units.

It is registered for botocore's events, so it counts real calls without changing them. The only
exception: it sets ReturnConsumedCapacity on calls whose units only DynamoDB can compute.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ecom_pipeline.cost.units import KEPT, Units, billed, summed, tells_units
from ecom_pipeline.cost.usage import Usage

_ASKED = "ecom_cost_asked"
_SERVER_ERROR = 500
_THROTTLED = ("Throttling", "ProvisionedThroughputExceeded", "RequestLimitExceeded", "SlowDown")


class Meter:
    """Counts calls by service and operation, including retries; throttled ones are not billed.

    Server errors are not billed either.
    """

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._units: Units = {}
        self._lock = threading.Lock()

    @contextmanager
    def on(self, events: Any) -> Iterator["Meter"]:
        """Count the calls of a client (`client.meta.events`), or of a session's later clients."""
        events.register("provide-client-params", self._asked)
        events.register("response-received", self._answered)
        try:
            yield self
        finally:
            events.unregister("provide-client-params", self._asked)
            events.unregister("response-received", self._answered)

    def add(self, units: Units) -> None:
        """Add units that are not part of a call, such as a function's duration."""
        with self._lock:
            self._units = summed([self._units, units])

    def take(self) -> Usage:
        """Return the usage counted since the last `take`, and reset it."""
        with self._lock:
            taken = Usage(calls=dict(sorted(self._calls.items())), units=self._units)
            self._calls, self._units = Counter(), {}
        return taken

    def _asked(
        self, params: dict[str, Any], context: dict[str, Any], event_name: str, **_more: Any
    ) -> None:
        service, operation = event_name.split(".")[1:]
        if tells_units(service, operation):
            params.setdefault("ReturnConsumedCapacity", "TOTAL")
        context[_ASKED] = dict(params)  # before botocore converts the body to a stream

    def _answered(
        self,
        response_dict: Mapping[str, Any] | None,
        parsed_response: Mapping[str, Any] | None,
        context: Mapping[str, Any],
        event_name: str,
        **_more: Any,
    ) -> None:
        if response_dict is None or parsed_response is None or _ASKED not in context:
            return
        service, operation = event_name.split(".")[1:]
        code = parsed_response.get("Error", {}).get("Code", "")
        if response_dict["status_code"] >= _SERVER_ERROR or code.startswith(_THROTTLED):
            return
        units = billed(service, operation, context[_ASKED], {} if code else parsed_response)
        with self._lock:
            self._calls[f"{service}:{operation}"] += 1
        self.add({name: n for name, n in units.items() if not (code and name.endswith(KEPT))})
