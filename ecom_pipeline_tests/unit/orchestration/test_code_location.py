"""The code location uses the settings that it is built with, not the process's environment."""

from dataclasses import replace
from datetime import date

import dagster as dg

from ecom_pipeline import definitions
from ecom_pipeline.orchestration import requests
from ecom_pipeline.settings import LOCAL


def test_the_partitions_begin_on_the_first_day_of_the_settings():
    defs = definitions.build(replace(LOCAL, first_day=date(2020, 1, 1)))
    found = {
        spec.partitions_def.get_first_partition_key()
        for spec in defs.resolve_all_asset_specs()
        if isinstance(spec.partitions_def, dg.DailyPartitionsDefinition)
    }
    assert found == {"2020-01-01"}
    job = defs.resolve_job_def(requests.LOAD_DAYS)
    assert job.partitions_def
    assert job.partitions_def.get_first_partition_key() == "2020-01-01"
