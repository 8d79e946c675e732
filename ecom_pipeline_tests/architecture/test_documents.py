"""What the documents and the configuration name exists."""

import re
import subprocess
import tomllib
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec

import botocore.session
import click
import dagster as dg
import pytest
import yaml
from botocore import xform_name
from dagster._config import process_config

from bench import production
from docs import data_dictionary
from ecom_pipeline import settings
from ecom_pipeline.cli import ecom
from ecom_pipeline.local import page as customer_page
from ecom_pipeline.settings import Settings
from ecom_pipeline_tests.architecture.documents import (
    FIRST_HOUR,
    PAGES,
    ROOT,
    anchors,
    links,
    mentioned,
    name_of,
    typed,
)

INSTANCE = ROOT / "infra" / "dagster"
TYPED = sorted({words for page in PAGES for words in typed(page)})
MENTIONED = sorted({words for page in PAGES for words in mentioned(page)})
# what the AWS CLI adds to the API that its other commands are made from
GLOBAL = {"query", "output", "region", "profile"}
NAMES = {"s3api": "s3"}
ADDED = {"create-invalidation": {"paths"}}
BY_HAND = {"s3": {"cp", "ls", "sync"}}
TEMPLATES = ("template.yaml", "dagster/template.yaml")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
# what no test runs, and why
NOT_RUN = {
    "make deploy": "an AWS account",
    "make deploy-dagster": "an AWS account",
    "aws": "an AWS account, or the AWS CLI; its words are checked here",
    "docker": "a registry",
    "uv": "make setup does",
    "pytest": "make test does",
}


def of(program, commands):
    return [pytest.param(each, id=" ".join(each)[:80]) for each in commands if each[0] == program]


@pytest.mark.parametrize("command", of("make", TYPED))
def test_each_make_target_of_a_document_exists(command):
    done = subprocess.run(
        [*(word for word in command if word != "…"), "--dry-run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", of("ecom", TYPED))
def test_each_command_of_a_document_is_one_that_ecom_takes(command, tmp_path, monkeypatch):
    """All of it is parsed: names, options, and what kind of value each takes. Nothing is run."""
    (tmp_path / "data.csv").touch()
    monkeypatch.chdir(tmp_path)
    context, rest = click.Context(ecom, info_name="ecom"), list(command[1:])
    while isinstance(context.command, click.Group) and rest != ["--help"]:
        name, child, rest = context.command.resolve_command(context, rest)
        context = click.Context(child, info_name=name, parent=context)
        if not isinstance(child, click.Group):
            child.parse_args(context, rest)


@pytest.mark.parametrize("command", of("ecom", MENTIONED))
def test_each_command_that_a_document_mentions_exists_with_its_options(command):
    chosen = ecom
    for word in command[1:]:
        if not isinstance(chosen, click.Group) or word.startswith("--"):
            break
        assert set(word.split("|")) <= chosen.commands.keys()
        chosen = chosen.commands[word.partition("|")[0]]
    known = {option for each in chosen.params for option in each.opts} | {"--help"}
    assert {word for word in command if word.startswith("--")} <= known


@pytest.mark.parametrize("command", of("make", MENTIONED))
def test_each_target_that_a_document_mentions_exists(command):
    assert command[1] in TARGETS


@pytest.mark.parametrize("command", of("aws", TYPED))
def test_each_call_of_aws_in_a_document_is_one_that_aws_has(command):
    """By the model of its API, which the AWS CLI makes its commands and options from."""
    _, service, operation, *rest = command
    if service in BY_HAND:
        assert operation in BY_HAND[service]
        return
    model = botocore.session.get_session().get_service_model(NAMES.get(service, service))
    calls = {xform_name(name, "-"): name for name in model.operation_names}
    members = model.operation_model(calls[operation]).input_shape.members
    known = {xform_name(name, "-") for name in members} | GLOBAL | ADDED.get(operation, set())
    given = {word.removeprefix("--") for word in rest if word.startswith("--")}
    assert {option.removeprefix("no-") for option in given} <= known


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_module_and_each_test_that_a_document_names_exists(page):
    text = page.read_text()
    for module in re.findall(r"python -m ((?:bench|docs|ecom_pipeline)[\w.]*)", text):
        assert find_spec(module), module
    for path in re.findall(r"\becom_pipeline_tests/[\w/]+\.py", text):
        assert (ROOT / path).exists(), path


def test_each_command_of_a_document_is_run_or_has_a_reason_why_not():
    """Those of ecom are run by pipeline/test_documented_commands.py and test_first_hour.py."""
    ci = re.findall(r"^(make) (\w+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    run = {*typed(FIRST_HOUR), *ci, ("make", "setup")}  # which the others begin with
    run = {_named(words) for words in run} | {"ecom", "echo", "export"}
    assert {_named(words) for words in TYPED} - run == NOT_RUN.keys()


def _named(words):
    return " ".join(words[:2]) if words[0] == "make" else words[0]


def test_the_test_command_of_the_readme_is_what_ci_runs():
    assert ("make", "test") in typed(ROOT / "README.md")
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_link_of_a_document_leads_somewhere(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_document_can_be_found_from_the_readme():
    found, new = set(), {ROOT / "README.md"}
    while new:
        page = new.pop()
        found.add(page)
        leads = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
        new |= {each for each in leads if each in PAGES} - found
    assert found == set(PAGES)


def test_the_runbook_says_of_each_alarm_what_it_means_where_to_look_and_what_to_do():
    templates = "".join((ROOT / "infra" / name).read_text() for name in TEMPLATES)
    alarms = re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm$", templates, re.MULTILINE)
    text = (ROOT / "docs" / "runbook.md").read_text()
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=\n#)", text, re.MULTILINE | re.DOTALL))
    assert sorted(sections) == sorted(alarms)
    for name, section in sections.items():
        parts = re.findall(r"^\* \*\*(.+?)\*\*: \S", section, re.MULTILINE)
        assert parts == ["Meaning", "First look", "Mend"], name


def test_each_setting_that_a_document_names_is_one_that_is_read():
    known = {settings.variable(each.name) for each in fields(Settings)}
    known |= {settings.variable(each) for each in ("api_key", "staff_token")}
    known |= {"ECOM_PG_BIN"}  # of the warehouse's own process
    for page in PAGES:
        assert set(re.findall(r"\bECOM_[A-Z_]+[A-Z]\b", page.read_text())) <= known, page


def test_the_data_dictionary_is_what_the_code_makes():
    made = data_dictionary.render()
    assert (ROOT / "docs" / "data-dictionary.md").read_text() == made, (
        "python -m docs.data_dictionary"
    )


def test_each_test_that_the_semantics_name_exists():
    text = (ROOT / "docs" / "semantics.md").read_text()
    named = re.findall(r"\[`(test_\w+)`\]\(([^)#]+)\)", text)
    assert named
    for name, path in named:
        assert f"def {name}(" in (ROOT / "docs" / path).read_text(), name


def test_the_rooms_of_the_architecture_are_those_that_are_kept():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = contracts["contracts"][0]["layers"]
    text = (ROOT / "docs" / "architecture.md").read_text()
    for number, layer in enumerate(layers):
        assert f'floor{number}["{layer.replace(" | ", " · ")}"]' in text


def test_a_host_of_the_customer_page_is_told_the_headers_that_it_is_tested_with():
    document = (ROOT / "docs" / "customer-page.md").read_text()
    given = {
        "api": "https://<api id>.execute-api.<region>.amazonaws.com/production",
        "signIn": "https://<domain>.auth.<region>.amazoncognito.com",
    }
    for name, value in customer_page.headers(given).items():
        assert f"\n{name}: {value}\n" in document


def test_local_and_production_differ_only_in_what_production_adds():
    local = yaml.safe_load((INSTANCE / "local.yaml").read_text())
    production = yaml.safe_load((INSTANCE / "production.yaml").read_text())
    assert production.keys() - local.keys() == {"storage", "compute_logs", "run_launcher"}
    assert local.keys() - production.keys() == {"nux"}
    assert all(production[key] == local[key] for key in production.keys() & local.keys())


@pytest.mark.filterwarnings("ignore::Warning")  # dagster_aws imports its own beta resources
@pytest.mark.parametrize("part", ["compute_logs", "run_launcher"])
def test_what_production_names_exists_and_takes_its_configuration(part, monkeypatch):
    monkeypatch.setenv("ECOM_DAGSTER_LOG_BUCKET", "logs")
    named = yaml.safe_load((INSTANCE / "production.yaml").read_text())[part]
    kind = getattr(import_module(named["module"]), named["class"])
    checked = process_config(kind.config_type(), named["config"])
    assert checked.success, checked.errors


@pytest.mark.filterwarnings("ignore::Warning")  # beta
def test_the_storage_of_production_keeps_the_events_of_a_run(tmp_path):
    days = dg.DailyPartitionsDefinition("2010-12-01")

    @dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def daily() -> None:
        pass

    span = {"dagster/asset_partition_range_start": "2010-12-01"}
    span |= {"dagster/asset_partition_range_end": "2010-12-31"}
    with production.instance(tmp_path / "dagster") as instance:
        result = dg.materialize([daily], instance=instance, tags=span)
        done = instance.get_materialized_partitions(daily.key)
    assert result.success
    assert done == {f"2010-12-{day:02d}" for day in range(1, 32)}
