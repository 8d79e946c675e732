"""Structured log: one line of JSON an invocation, without event content (personal data).

The lines are written to stdout and not with `logging`: the runtime's log handler puts a prefix in
front of each line, so that it is not JSON and CloudWatch extracts no metrics from it.
"""

import json
import sys
import time


def fact(message: str, **fields: object) -> None:
    """Write one log line with its fields, in a single write, and flush it."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = json.dumps({"time": stamp, "level": "INFO", "message": message, **fields}, default=str)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
