"""What the documents and the configuration name exists."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from dagster._config import process_config

from ecom_pipeline.local import page

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
INSTANCE = ROOT / "infra" / "dagster"


def commands():
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line]


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("make ")])
def test_each_make_target_of_the_readme_exists(command):
    done = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("ecom ")])
def test_each_command_of_the_readme_exists_with_its_options(command):
    words = command.split()[1:]
    names = words[:2] if words[0] == "local" else words[:1]
    done = subprocess.run(
        [sys.executable, "-m", "ecom_pipeline.cli", *names, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    for option in re.findall(r"--[a-z-]+", command):
        assert option in done.stdout


def test_the_test_command_of_the_readme_is_what_ci_runs():
    assert "make test" in commands() or "make test" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_each_link_of_the_readme_leads_somewhere(link):
    assert (ROOT / link).exists()


def test_a_host_of_the_customer_page_is_told_the_headers_that_it_is_tested_with():
    document = (ROOT / "docs" / "customer-page.md").read_text()
    given = {
        "api": "https://<api id>.execute-api.<region>.amazonaws.com/production",
        "signIn": "https://<domain>.auth.<region>.amazoncognito.com",
    }
    for name, value in page.headers(given).items():
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


def test_the_storage_of_production_takes_its_configuration(monkeypatch):
    for name in ("HOST", "USER", "PASSWORD"):
        monkeypatch.setenv(f"DAGSTER_POSTGRES_{name}", "x")
    storage = yaml.safe_load((INSTANCE / "production.yaml").read_text())["storage"]["postgres"]
    kind = import_module("dagster_postgres").DagsterPostgresStorage
    checked = process_config(kind.config_type(), storage)
    assert checked.success, checked.errors
