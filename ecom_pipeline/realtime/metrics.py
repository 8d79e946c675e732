"""A function's metrics in its one log line, in CloudWatch's embedded metric format (EMF).

Written by hand: powertools' Logger and Metrics cost 339 ms of CPU to import (measured beside
boto3's 596); a cold start may cost at most half of boto3's import time on top of it.
docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import time
from collections.abc import Mapping
from typing import Any

from ecom_pipeline.realtime.log import fact

NAMESPACE = "EcomPipeline"
# every metric: its function, and what is counted
METRICS = {
    "Accepted": "ingest: events put on the stream",
    "Rejected": "ingest: invalid records put on the stream; Rejected.<reason> by reason",
    "Refused": "ingest: requests refused as a whole, with nothing put on the stream",
    "Throttled": "ingest: records that the stream refused until the retry budget was spent",
    "Stored": "store: new lines in DynamoDB",
    "Redelivered": "store: lines that were stored before",
    "Conflicts": "store: used event ids with other content, put in quarantine",
    "Failed": "store: records that are delivered again",
    "Archived": "archive: events in raw objects",
    "Quarantined": "archive: records put in quarantine",
    "Objects": "archive: objects written",
    "Answers": "query: answers, by route and status in the log line",
    "LatencyMs": "all: duration of the invocation in ms",
}
DIMENSION = "function"


class Invocation:
    """One invocation of a function: measures its duration and reports its metrics."""

    def __init__(self, function: str, context: Any) -> None:
        self._function = function
        self._request_id = str(getattr(context, "aws_request_id", ""))
        self._began = time.monotonic()

    def report(self, message: str, figures: Mapping[str, int], **fields: object) -> None:
        """Log `figures`, which become metrics (Count), and `fields`, which are only searchable."""
        latency = round((time.monotonic() - self._began) * 1000, 1)
        units = dict.fromkeys(figures, "Count") | {"LatencyMs": "Milliseconds"}
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [[DIMENSION]],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
        }
        embedded = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
        who = {DIMENSION: self._function, "request_id": self._request_id}
        measured = {**figures, "LatencyMs": latency}
        fact(message, **fields, **who, **measured, _aws=embedded)
