"""orchestration.engines: the engine of a run, and its calls to EMR Serverless."""

from dataclasses import replace

import botocore.session
import pytest
from botocore.validate import ParamValidator

from ecom_pipeline import definitions, settings
from ecom_pipeline.orchestration import engines

ON_AWS = replace(
    settings.LOCAL,
    engine="spark",
    spark_application="00f",
    spark_role="arn:aws:iam::000000000000:role/spark",
)


def test_an_engine_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(settings.SettingsError, match="ECOM_ENGINE: expected python, processes, sp"):
        engines.engine_for(replace(settings.LOCAL, engine="pandas"))


@pytest.mark.parametrize("name", ["spark_application", "spark_role"])
def test_spark_on_aws_says_what_it_needs(name):
    with pytest.raises(settings.SettingsError, match=settings.variable(name)):
        engines.job_run(replace(ON_AWS, **{name: None}), "run-0")


def test_what_spark_on_aws_is_asked_for_is_what_its_api_takes():
    api = botocore.session.get_session().get_service_model("emr-serverless")
    shape = api.operation_model("StartJobRun").input_shape
    asked = engines.job_run(ON_AWS, "run-0")
    assert ParamValidator().validate(asked, shape).generate_report() == ""
    without_role = {name: each for name, each in asked.items() if name != "executionRoleArn"}
    assert "executionRoleArn" in ParamValidator().validate(without_role, shape).generate_report()


def test_each_asset_has_a_code_version_of_its_own():
    specs = definitions.defs.resolve_all_asset_specs()
    versions = {spec.key: spec.code_version for spec in specs}
    assert len(set(versions.values())) == len(versions)
