"""Facts as JSON lines, one a batch; never an event's content, which may name a person."""

import json
import logging
import time

_LOGGER = logging.getLogger("ecom_pipeline")
_LOGGER.setLevel(logging.INFO)  # the runtime's root logger starts at WARNING


def fact(message: str, **fields: object) -> None:
    """Log one fact with its fields."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    _LOGGER.info(json.dumps({"time": stamp, "message": message, **fields}, default=str))
