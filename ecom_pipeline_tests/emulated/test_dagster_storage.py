"""Dagster's storage as in production: Postgres, with the events of a run."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from bench import production


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Yield an instance on a Postgres of its own."""
    with production.instance(tmp_path / "dagster") as instance:
        yield instance


@pytest.mark.filterwarnings("ignore::Warning")  # beta
def test_the_storage_of_production_keeps_the_events_of_a_run(postgres: dg.DagsterInstance) -> None:
    days = dg.DailyPartitionsDefinition("2010-12-01")

    @dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def daily() -> None:
        pass

    span = {"dagster/asset_partition_range_start": "2010-12-01"}
    span |= {"dagster/asset_partition_range_end": "2010-12-31"}
    result = dg.materialize([daily], instance=postgres, tags=span)
    assert result.success
    assert postgres.get_materialized_partitions(daily.key) == {
        f"2010-12-{day:02d}" for day in range(1, 32)
    }
