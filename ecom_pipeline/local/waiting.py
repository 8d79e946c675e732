"""Waiting until the local stream's consumers have finished what was sent.

On AWS nobody waits: `ecom status` shows the consumers' lag.
"""

import time
from collections.abc import Mapping

from ecom_pipeline.local import deploy, stack
from ecom_pipeline.local.poller import progress
from ecom_pipeline.local.processes import LocalError
from ecom_pipeline.settings import Settings

CONSUMERS = ("store", "archive")
_STANDSTILL_SECONDS = 120


def wait_for(settings: Settings, sequences: Mapping[str, str]) -> None:
    """Wait until both consumers have finished these records, by shard.

    However long that takes, as long as they go on; LocalError when they stand still.
    """
    stream = deploy.outputs(settings)["StreamName"]
    wanted = [(f"{deploy.STACK}-{name}", stream) for name in CONSUMERS]
    seen, deadline = None, 0.0
    while not progress.caught_up(settings.home, sequences, wanted):
        stack.require(settings)
        now = [progress.reached(settings.home, consumer) for consumer in wanted]
        if now != seen:
            seen, deadline = now, time.monotonic() + _STANDSTILL_SECONDS
        elif time.monotonic() > deadline:
            log = settings.home / "log" / "poller.log"
            raise LocalError(f"the stream's consumers stand still: see {log}")
        time.sleep(0.2)
