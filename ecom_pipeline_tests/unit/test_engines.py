"""orchestration.engines: which engine a run gets, and what EMR Serverless is asked for."""

from dataclasses import replace

import pytest

from ecom_pipeline import settings
from ecom_pipeline.orchestration import engines


def test_an_engine_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(settings.SettingsError, match="ECOM_ENGINE: expected python, processes, sp"):
        engines.engine_for(replace(settings.LOCAL, engine="pandas"))


def test_spark_on_aws_is_asked_for_with_what_it_needs():
    with pytest.raises(settings.SettingsError, match="ECOM_SPARK_APPLICATION"):
        engines.job_run(replace(settings.LOCAL, engine="spark"), "run")
    complete = replace(
        settings.LOCAL,
        spark_application="00f",
        spark_role="arn:aws:iam::000000000000:role/spark",
        spark_package="s3://code/spark",
    )
    asked = engines.job_run(complete, "run-1")
    assert asked["clientToken"] == "run-1"
    assert asked["jobDriver"]["sparkSubmit"]["entryPoint"] == "s3://code/spark/spark_job.py"
