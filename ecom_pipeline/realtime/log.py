"""Facts as JSON lines, one an invocation; never an event's content, which may name a person.

They are written to stdout and not logged: the runtime's logger puts its own words in front of a
line, which then is no JSON any more, and CloudWatch makes no metrics of it.
"""

import json
import sys
import time


def fact(message: str, **fields: object) -> None:
    """Write one fact with its fields, at once and in one piece."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = json.dumps({"time": stamp, "level": "INFO", "message": message, **fields}, default=str)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
