"""Dagster's pools: their names, and the wait for a slot before a run starts in this process.

Dagster's in-process executor waits for a slot without a word, without reacting to SIGTERM, and
with one CPU busy (1.13.27), so a run starts only when the slots are free.
"""

import time
from collections.abc import Callable

import dagster as dg

from ecom_pipeline.orchestration import recovery

LAKE_CSV = "lake_csv"
WAREHOUSE = "warehouse"

_POLL_SECONDS = 2
_SAY_SECONDS = 30


def wait(instance: dg.DagsterInstance, say: Callable[[str], None]) -> None:
    """Return when each pool has a free slot; say which runs hold them, every 30 seconds.

    Slots of runs that have ended, or whose process was killed, are freed.
    """
    said = -float(_SAY_SECONDS)
    while holders := _holders(instance):
        if time.monotonic() - said >= _SAY_SECONDS:
            said = time.monotonic()
            say(f"waiting for {'; '.join(holders)}; stop it in the UI, or wait")
        time.sleep(_POLL_SECONDS)


def _holders(instance: dg.DagsterInstance) -> list[str]:
    """Return a text for each run that holds the last slot of a pool."""
    recovery.fail_orphaned_runs(instance)
    storage = instance.event_log_storage
    found: list[str] = []
    for pool, info in storage.get_concurrency_infos([LAKE_CSV, WAREHOUSE]).items():
        if not info.claimed_slots or len(info.claimed_slots) < (info.limit or 1):
            continue
        for run_id in sorted(info.active_run_ids):
            run = instance.get_run_by_id(run_id)
            if run is None or run.is_finished:
                storage.free_concurrency_slots_for_run(run_id)
            else:
                found.append(f"run {run_id} ({run.job_name}), which has a slot of the pool {pool}")
    return found
