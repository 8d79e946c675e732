"""The function under the poller: appends its input to a file, fails as its data demand.

It is zipped and deployed by the tests. A separate file shows order and repetition, which a store
that overwrites would hide.
"""

import base64
import json
import os
import time

FAILS = "poison"


def handler(event, _context):
    with open(os.environ["NOTES"], "a") as notes:  # noqa: PTH123 - minimal imports
        notes.write(json.dumps([_note(record) for record in event["Records"]]) + "\n")
    time.sleep(float(os.environ.get("SECONDS", "0")))
    failed = [r["kinesis"]["sequenceNumber"] for r in event["Records"] if FAILS in _note(r)["data"]]
    if os.environ["ANSWER"] == "none":
        return None
    if failed and os.environ["ANSWER"] == "raise":
        raise ValueError("an unusable record")
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in failed]}


def _note(record):
    data = base64.b64decode(record["kinesis"]["data"]).decode()
    return {"data": data, "key": record["kinesis"]["partitionKey"], "event": record["eventID"]}
