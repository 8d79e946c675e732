"""The function under the poller: notes what it was given in a file, fails as its data says.

It is zipped and deployed by the tests; a file of its own tells order and repetition, which a
store that overwrites would hide.
"""

import base64
import json
import os
import time

FAILS = "poison"


def handler(event, _context):
    with open(os.environ["NOTES"], "a") as notes:  # noqa: PTH123 - as small as a Lambda can be
        notes.write(json.dumps([_note(record) for record in event["Records"]]) + "\n")
    time.sleep(float(os.environ.get("SECONDS", "0")))
    failed = [r["kinesis"]["sequenceNumber"] for r in event["Records"] if FAILS in _note(r)["data"]]
    if os.environ["ANSWER"] == "none":
        return None
    if failed and os.environ["ANSWER"] == "raise":
        raise ValueError("a record that cannot be used")
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in failed]}


def _note(record):
    data = base64.b64decode(record["kinesis"]["data"]).decode()
    return {"data": data, "key": record["kinesis"]["partitionKey"], "event": record["eventID"]}
