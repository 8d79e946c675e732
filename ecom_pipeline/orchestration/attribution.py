"""What a run's tags say of who or what requested it."""

from collections.abc import Mapping

import dagster as dg

from ecom_pipeline.warehouse.attribution import UNKNOWN, Attribution

REQUESTED_BY = "ecom/requested_by"
# Dagster's own tags, the most telling first; "user" is set by Dagster+, whose UI has a login
_ORIGINS = {
    REQUESTED_BY: "",
    "user": "user ",
    "dagster/schedule_name": "schedule ",
    "dagster/sensor_name": "sensor ",
    "dagster/backfill": "backfill ",
}
_NOBODY = "Dagster's UI or API, without a login"


def of(run: dg.DagsterRun | None) -> Attribution:
    """Return a run's id and origin; of no run (a tick), nothing."""
    if run is None:
        return UNKNOWN
    return Attribution(run_id=run.run_id, requested_by=requested_by(run.tags))


def requested_by(tags: Mapping[str, str]) -> str:
    """Return the identity that `ecom load` tagged a run with, or Dagster's trigger."""
    found = (f"{what}{tags[tag]}" for tag, what in _ORIGINS.items() if tag in tags)
    return next(found, _NOBODY)
