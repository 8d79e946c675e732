"""What the documents and the configuration refer to exists."""

import re
import tomllib
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from dagster._config import process_config

from docs import data_dictionary
from ecom_pipeline import settings
from ecom_pipeline.local import page as customer_page
from ecom_pipeline.local.drill import scenarios
from ecom_pipeline.local.drill.scenarios import alarms as drilled
from ecom_pipeline.orchestration import alarm_list, runs
from ecom_pipeline.settings import Settings
from ecom_pipeline_tests.architecture.documents import (
    PAGES,
    ROOT,
    anchors,
    links,
    name_of,
)

INSTANCE = ROOT / "infra" / "dagster"
TEMPLATES = ("template.yaml", "dagster/template.yaml")


def test_each_module_and_each_test_that_a_document_names_exists():
    texts = {name_of(page): page.read_text() for page in PAGES}
    module = r"python -m ((?:bench|docs|ecom_pipeline)[\w.]*)"
    test = r"\becom_pipeline_tests/[\w/]+\.py"
    modules = {(page, name) for page in texts for name in re.findall(module, texts[page])}
    tests = {(page, name) for page in texts for name in re.findall(test, texts[page])}
    assert modules
    assert tests
    lost = {(page, name) for page, name in modules if not find_spec(name)}
    assert lost | {(page, name) for page, name in tests if not (ROOT / name).exists()} == set()


def test_each_link_of_a_document_leads_somewhere():
    found = [(page, link) for page in PAGES for link in links(page)]
    assert found
    assert {(name_of(page), link) for page, link in found if not leads(page, link)} == set()


def leads(page, link):
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


def test_every_document_can_be_found_from_the_readme():
    found, new = set(), {ROOT / "README.md"}
    while new:
        page = new.pop()
        found.add(page)
        linked = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
        new |= {each for each in linked if each in PAGES} - found
    assert found == set(PAGES)


def test_the_runbook_says_of_each_alarm_what_it_means_where_to_look_and_what_to_do():
    templates = "".join((ROOT / "infra" / name).read_text() for name in TEMPLATES)
    alarms = re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm$", templates, re.MULTILINE)
    alarms += alarm_list.ALL
    text = (ROOT / "docs" / "runbook.md").read_text()
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=\n#)", text, re.MULTILINE | re.DOTALL))
    assert sorted(sections) == sorted(alarms)
    for name, section in sections.items():
        parts = re.findall(r"^\* \*\*(.+?)\*\*: \S", section, re.MULTILINE)
        assert parts == ["Meaning", "First look", "Fix"], name


def test_the_drill_provokes_each_alarm_of_dagster():
    source = Path(str(drilled.__file__)).read_text()
    provoked = re.findall(r"alarm_list\.([A-Z_]+)", source)
    assert {getattr(alarm_list, name).name for name in provoked} == alarm_list.ALL.keys()
    assert len(provoked) == sum(each.group == drilled.GROUP for each in scenarios.every())


def test_each_setting_that_a_document_names_is_one_that_is_read():
    known = {settings.variable(each.name) for each in fields(Settings)}
    known |= {settings.variable(each) for each in ("api_key", "staff_token")}
    known |= {"ECOM_PG_BIN"}  # read by the warehouse's process
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
    files = {path: ROOT / "docs" / path for _, path in named}
    sources = {path: file.read_text() for path, file in files.items() if file.exists()}
    assert {each for each in named if f"def {each[0]}(" not in sources.get(each[1], "")} == set()


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
    local = yaml.safe_load(runs.DAGSTER_YAML.read_text())
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
