"""settings: local needs nothing, every other environment must say everything."""

import pytest

from ecom_pipeline import settings

PROD = {
    "ECOM_ENVIRONMENT": "prod",
    "ECOM_REGION": "eu-west-2",
    "ECOM_RAW_BUCKET": "raw",
    "ECOM_CSV_BUCKET": "csv",
    "ECOM_RAW_QUEUE": "raw-notifications",
    "ECOM_TABLE": "sales",
    "ECOM_GLUE_DATABASE": "ecom",
    "ECOM_REDSHIFT_DATABASE": "ecom",
    "ECOM_COPY_ROLE": "arn:aws:iam::1:role/copy",
    "ECOM_REDSHIFT_WORKGROUP": "ecom",
}


def test_local_needs_nothing():
    assert settings.load({}) == settings.LOCAL


def test_prod_borrows_nothing_from_local():
    prod = settings.load(PROD)
    assert prod.endpoint_url is None
    assert prod.emulator_key is None
    assert prod.redshift_host is None
    assert settings.ACCOUNT_LOCAL not in str(prod)
    assert settings.aws_environment(prod) == {}


def test_all_that_is_missing_is_named_at_once():
    with pytest.raises(settings.SettingsError, match="ECOM_REGION, ECOM_RAW_BUCKET"):
        settings.load({"ECOM_ENVIRONMENT": "productoin"})


def test_a_port_that_is_none_is_one_sentence():
    with pytest.raises(settings.SettingsError, match="ECOM_REDSHIFT_PORT: expected a port"):
        settings.load({"ECOM_REDSHIFT_PORT": "abc"})


def test_every_environment_has_the_same_resources():
    from ecom_pipeline.orchestration.resources import resources_for

    assert resources_for(settings.load(PROD)).keys() == resources_for(settings.LOCAL).keys()


def test_a_child_process_may_write_bytecode():
    assert settings.child_environment({}, {"PYTHONDONTWRITEBYTECODE": "1", "A": "b"}) == {"A": "b"}
