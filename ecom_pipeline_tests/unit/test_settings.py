"""settings: local needs none, every other environment needs all of them."""

import json
from dataclasses import fields, replace

import pytest

from ecom_pipeline import settings
from ecom_pipeline.values import READERS

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


def test_local_needs_nothing(tmp_path):
    home = tmp_path / "nothing was started"
    assert settings.load({"ECOM_HOME": str(home)}) == replace(settings.LOCAL, home=home)


def test_what_the_local_aws_wrote_is_found_where_nothing_else_is_said(tmp_path):
    outputs = {"api_url": "http://api", "api_key": "k"}
    (tmp_path / settings.OUTPUTS).write_text(json.dumps(outputs))
    found = settings.with_outputs(settings.load({"ECOM_HOME": str(tmp_path)}))
    assert found.api_url == "http://api"
    assert settings.outputs(found)["api_key"] == "k"
    given = settings.load({"ECOM_HOME": str(tmp_path), "ECOM_API_URL": "x"})
    assert settings.with_outputs(given).api_url == "x"
    prod = settings.with_outputs(settings.load(PROD | {"ECOM_HOME": str(tmp_path)}))
    assert (prod.api_url, settings.outputs(prod)) == (None, {})


def test_outputs_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / settings.OUTPUTS).write_text("{")
    with pytest.raises(settings.SettingsError, match=settings.OUTPUTS):
        settings.outputs(settings.load({"ECOM_HOME": str(tmp_path)}))


@pytest.mark.parametrize("address", ["127.0.0.1:3000", "http://", "ftp://host", "http://host:x"])
def test_an_address_of_dagster_that_is_none_is_refused(address):
    with pytest.raises(settings.SettingsError, match="ECOM_DAGSTER_URL"):
        settings.load({"ECOM_DAGSTER_URL": address})


def test_no_settings_are_text_but_for_fields_that_are():
    """A new field of another type needs a reader, or it would stay text in silence."""
    typed = {each.name for each in fields(settings.Settings) if "str" not in str(each.type)}
    assert typed <= READERS.keys()


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


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ECOM_TIME_ZONE": "Mars/One"}, "ECOM_TIME_ZONE: expected a time zone like"),
        ({"ECOM_TIME_ZONE": "Europe"}, "ECOM_TIME_ZONE: expected a time zone like"),
        ({"ECOM_TIME_ZONE": "../etc/passwd"}, "ECOM_TIME_ZONE: expected a time zone like"),
        ({"ECOM_CURRENCY": "GPB"}, "ECOM_CURRENCY: expected the ISO 4217 code .*, got 'GPB'"),
        ({"ECOM_CURRENCY": "£"}, "ECOM_CURRENCY: expected the ISO 4217 code .*, got '£'"),
        ({"ECOM_FIRST_DAY": "2008-12-31"}, "ECOM_FIRST_DAY: expected .*2009-01-01 or later"),
    ],
)
def test_a_shops_fact_that_is_none_is_one_sentence(given, message):
    with pytest.raises(settings.SettingsError, match=message):
        settings.load(given)


def test_a_child_process_has_the_same_shop(tmp_path):
    given = {"ECOM_TIME_ZONE": "Asia/Tokyo", "ECOM_CURRENCY": "JPY", "ECOM_FIRST_DAY": "2020-01-01"}
    found = settings.load(given | {"ECOM_HOME": str(tmp_path)})
    assert settings.load(settings.environment_of(found)) == found
    assert (found.shop.currency.decimals, str(found.shop.time_zone)) == (0, "Asia/Tokyo")


def test_every_environment_has_the_same_resources():
    from ecom_pipeline.orchestration.resources import resources_for

    assert resources_for(settings.load(PROD)).keys() == resources_for(settings.LOCAL).keys()


def test_a_child_process_may_write_bytecode():
    assert settings.child_environment({}, {"PYTHONDONTWRITEBYTECODE": "1", "A": "b"}) == {"A": "b"}
