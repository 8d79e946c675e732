"""Wait until the local stream's consumers have processed what was sent.

Not for AWS: `ecom status` shows the consumers' lag there.
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
    """Wait until both consumers have processed the records up to these sequence numbers, by shard.

    There is no limit while their checkpoints move.

    Raises:
        LocalError: no checkpoint has moved for 120 s, or a service is not running.
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
            raise LocalError(f"the stream's consumers make no progress: see {log}")
        time.sleep(0.2)
