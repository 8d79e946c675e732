"""Who requested a run: what its tags say, the most telling first."""

import pytest

from ecom_pipeline.orchestration.attribution import REQUESTED_BY, requested_by


@pytest.mark.parametrize(
    ("tags", "who"),
    [
        ({REQUESTED_BY: "ann, arn:aws:iam::1:user/ann"}, "ann, arn:aws:iam::1:user/ann"),
        ({"dagster/schedule_name": "daily_load"}, "schedule daily_load"),
        ({"dagster/sensor_name": "new_raw_objects"}, "sensor new_raw_objects"),
        ({"dagster/backfill": "ab", "user": "ann@shop"}, "user ann@shop"),
        ({"dagster/backfill": "ab"}, "backfill ab"),
        ({"dagster/partition": "2012-01-02"}, "Dagster's UI or API, without a login"),
    ],
)
def test_a_run_is_attributed_to_who_or_what_its_tags_name(tags: dict[str, str], who: str):
    assert requested_by(tags) == who
